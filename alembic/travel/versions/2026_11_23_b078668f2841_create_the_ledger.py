"""create the ledger"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.migrations import operation_changes

revision = "b078668f2841"
down_revision = None


def upgrade() -> None:
    operation_changes.create_operations(
        "travel", ["DAILY_REWARD", "SIGNUP_CREDIT", "CREDIT_SPEND", "CREDIT_ADD", "BOOKING_REWARD"]
    )
    op.create_table(
        "ledger_balance",
        sa.Column("owner_id", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "owner_id NOT IN ('', '.', '..')", name=op.f("ck_ledger_balance_owner_id_readable")
        ),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_ledger_balance_no_overdraft")),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("pk_ledger_balance")),
        schema="travel",
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "operation",
            postgresql.ENUM(
                "DAILY_REWARD",
                "SIGNUP_CREDIT",
                "CREDIT_SPEND",
                "CREDIT_ADD",
                "BOOKING_REWARD",
                name="ledger_operation",
                schema="travel",
                inherit_schema=True,
                create_type=False,
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("owner_id", sa.String(length=255, collation="C"), nullable=False),
        sa.Column(
            "created_on",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("nonce <> ''", name=op.f("ck_ledger_entry_nonce_not_empty")),
        sa.CheckConstraint(
            "owner_id NOT IN ('', '.', '..')", name=op.f("ck_ledger_entry_owner_id_readable")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("owner_id", "nonce", name=op.f("uq_ledger_entry_owner_id_nonce")),
        schema="travel",
    )


def downgrade() -> None:
    operation_changes.refuse_if_entries_exist("travel")
    op.drop_table("ledger_entry", schema="travel")
    op.drop_table("ledger_balance", schema="travel")
    operation_changes.drop_operations("travel")
