"""Alembic's second step: one that a reader of the entries makes wait."""

from alembic import op

revision = "0000000000a2"
down_revision = "0000000000a1"


def upgrade() -> None:
    op.execute("ALTER TABLE sample.ledger_entry ADD CONSTRAINT second CHECK (true)")


def downgrade() -> None:
    op.execute("ALTER TABLE sample.ledger_entry DROP CONSTRAINT second")
