"""add loyalty bonus"""

from core.migrations import operation_changes

revision = "d08b915a5630"
down_revision = "b078668f2841"


def upgrade() -> None:
    operation_changes.add_operations("travel", ["LOYALTY_BONUS"])


def downgrade() -> None:
    operation_changes.remove_operations("travel", ["LOYALTY_BONUS"])
