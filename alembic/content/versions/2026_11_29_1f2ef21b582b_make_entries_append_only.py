"""make entries append-only"""

from core.migrations import operation_changes

revision = "1f2ef21b582b"
down_revision = "5d80e69d0d44"


def upgrade() -> None:
    operation_changes.make_append_only("content")


def downgrade() -> None:
    operation_changes.allow_changes("content")
