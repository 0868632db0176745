"""add history and limits"""

import sqlalchemy as sa
from alembic import op

from core.migrations import operation_changes

revision = "be7418cc0f5a"
down_revision = "d08b915a5630"


def upgrade() -> None:
    operation_changes.create_history_index("travel")
    op.create_table(
        "ledger_limit_use",
        sa.Column("owner_id", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("operation", sa.String(length=63, collation="C"), nullable=False),
        sa.Column("period", sa.String(length=20, collation="C"), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("allowed", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "number BETWEEN 1 AND allowed", name=op.f("ck_ledger_limit_use_within_limit")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["travel.ledger_entry.id"],
            name=op.f("fk_ledger_limit_use_entry_id_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint(
            "owner_id", "operation", "period", "number", name=op.f("pk_ledger_limit_use")
        ),
        sa.UniqueConstraint("entry_id", name=op.f("uq_ledger_limit_use_entry_id")),
        schema="travel",
    )


def downgrade() -> None:
    op.drop_table("ledger_limit_use", schema="travel")
    op.drop_index(
        "ix_ledger_entry_owner_id_id",
        table_name="ledger_entry",
        schema="travel",
        postgresql_include=["amount"],
    )
