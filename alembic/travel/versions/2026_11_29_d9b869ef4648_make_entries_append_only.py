"""make entries append-only"""

from core.migrations import operation_changes

revision = "d9b869ef4648"
down_revision = "be7418cc0f5a"


def upgrade() -> None:
    operation_changes.make_append_only("travel")


def downgrade() -> None:
    operation_changes.allow_changes("travel")
