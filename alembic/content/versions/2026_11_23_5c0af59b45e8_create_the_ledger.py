"""create the ledger"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.migrations import operation_changes

revision = "5c0af59b45e8"
down_revision = None


def upgrade() -> None:
    operation_changes.create_operations(
        "content",
        [
            "DAILY_REWARD",
            "SIGNUP_CREDIT",
            "CREDIT_SPEND",
            "CREDIT_ADD",
            "CONTENT_CREATION",
            "CONTENT_ACCESS",
        ],
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
        schema="content",
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
                "CONTENT_CREATION",
                "CONTENT_ACCESS",
                name="ledger_operation",
                schema="content",
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
        schema="content",
    )


def downgrade() -> None:
    operation_changes.refuse_if_entries_exist("content")
    op.drop_table("ledger_entry", schema="content")
    op.drop_table("ledger_balance", schema="content")
    operation_changes.drop_operations("content")
