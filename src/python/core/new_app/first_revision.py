"""The first revision of a new app, as autogenerate would write it, which needs a database."""

from collections.abc import Iterable
from textwrap import indent

from core.ledgers.operations import SHARED_OPERATIONS


def text_of_revision(app: str, revision: str, own: Iterable[str]) -> str:
    values = "\n".join(f'"{name}",' for name in (*SHARED_OPERATIONS, *own))
    return _TEXT.format(
        app=app,
        revision=revision,
        values=indent(values, " " * 12),
        values_of_column=indent(values, " " * 16),
    )


# Black leaves the list of operations as it is, however short, because of its last comma.
_TEXT = '''"""create the ledger"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.migrations import operation_changes

revision = "{revision}"
down_revision = None


def upgrade() -> None:
    operation_changes.create_operations(
        "{app}",
        [
{values}
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
        schema="{app}",
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "operation",
            postgresql.ENUM(
{values_of_column}
                name="ledger_operation",
                schema="{app}",
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
        schema="{app}",
    )
    op.create_index(
        "ix_ledger_entry_owner_id_id",
        "ledger_entry",
        ["owner_id", "id"],
        unique=False,
        schema="{app}",
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
            ["{app}.ledger_entry.id"],
            name=op.f("fk_ledger_limit_use_entry_id_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint(
            "owner_id", "operation", "period", "number", name=op.f("pk_ledger_limit_use")
        ),
        sa.UniqueConstraint("entry_id", name=op.f("uq_ledger_limit_use_entry_id")),
        schema="{app}",
    )
    operation_changes.make_append_only("{app}")


def downgrade() -> None:
    operation_changes.refuse_if_entries_exist("{app}")
    operation_changes.allow_changes("{app}")
    op.drop_table("ledger_limit_use", schema="{app}")
    op.drop_index(
        "ix_ledger_entry_owner_id_id",
        table_name="ledger_entry",
        schema="{app}",
        postgresql_include=["amount"],
    )
    op.drop_table("ledger_entry", schema="{app}")
    op.drop_table("ledger_balance", schema="{app}")
    operation_changes.drop_operations("{app}")
'''
