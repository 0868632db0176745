"""create the ledger"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.migrations import operation_changes

revision = "94c95c269ce3"
down_revision = None


def upgrade() -> None:
    operation_changes.create_operations(
        "chat",
        [
            "DAILY_REWARD",
            "SIGNUP_CREDIT",
            "CREDIT_SPEND",
            "CREDIT_ADD",
            "TOKENS",
            "MESSAGE",
            "COUPON",
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
        schema="chat",
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
                "TOKENS",
                "MESSAGE",
                "COUPON",
                name="ledger_operation",
                schema="chat",
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
        schema="chat",
    )
    op.create_index(
        "ix_ledger_entry_owner_id_id",
        "ledger_entry",
        ["owner_id", "id"],
        unique=False,
        schema="chat",
        postgresql_include=["amount"],
    )
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
            ["chat.ledger_entry.id"],
            name=op.f("fk_ledger_limit_use_entry_id_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint(
            "owner_id", "operation", "period", "number", name=op.f("pk_ledger_limit_use")
        ),
        sa.UniqueConstraint("entry_id", name=op.f("uq_ledger_limit_use_entry_id")),
        schema="chat",
    )
    operation_changes.make_append_only("chat")


def downgrade() -> None:
    operation_changes.refuse_if_entries_exist("chat")
    operation_changes.allow_changes("chat")
    op.drop_table("ledger_limit_use", schema="chat")
    op.drop_index(
        "ix_ledger_entry_owner_id_id",
        table_name="ledger_entry",
        schema="chat",
        postgresql_include=["amount"],
    )
    op.drop_table("ledger_entry", schema="chat")
    op.drop_table("ledger_balance", schema="chat")
    operation_changes.drop_operations("chat")
