"""add a constraint

It takes ACCESS EXCLUSIVE on ledger_entry, so it has to wait for transactions that read the entries:
tests of lock timeouts rely on that. The models lack the constraint, so that the migration check has
a difference to find.
"""

from alembic import op

revision = "0000000000a2"
down_revision = "0000000000a1"


def upgrade() -> None:
    op.execute("ALTER TABLE sample.ledger_entry ADD CONSTRAINT second CHECK (true)")


def downgrade() -> None:
    op.execute("ALTER TABLE sample.ledger_entry DROP CONSTRAINT second")
