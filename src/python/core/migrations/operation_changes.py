"""What a migration does to a ledger's operations: create, add, remove, drop.

A migration calls these instead of Alembic's own operations, because they are safe on a ledger in
use: adding takes no lock on the entries, and what entries use cannot be removed. They work in
Alembic's offline mode too. `alembic revision --autogenerate` writes them: see autogenerate.py.
"""

from collections.abc import Sequence

from alembic import op

from core.ledgers.models import OPERATION_TYPE


def create_operations(schema: str, values: Sequence[str]) -> None:
    """Creates the enum type of the operations."""
    op.execute(f"CREATE TYPE {_type(schema)} AS ENUM ({', '.join(map(_literal, values))})")


def add_operations(schema: str, values: Sequence[str]) -> None:
    """Adds operations. Needs no lock on the entries and no rewrite of them."""
    for value in values:
        op.execute(f"ALTER TYPE {_type(schema)} ADD VALUE {_literal(value)}")


def remove_operations(schema: str, values: Sequence[str]) -> None:
    """Removes operations; refuses when an entry uses one of them.

    PostgreSQL cannot drop a value of an enum, so this replaces the type and rewrites the entries,
    which nobody can read or write meanwhile.
    """
    removed = ", ".join(map(_literal, values))
    in_use = f"operation in ({removed})"
    # One block, so that it is also right when run from a file that `--sql` has written.
    op.execute(f"""
        DO $migration$
        DECLARE
            remaining text;
        BEGIN
            LOCK TABLE "{schema}".ledger_entry IN ACCESS EXCLUSIVE MODE;
            {_refusal(schema, in_use, "entries use an operation that this removes")}
            SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder)
            INTO remaining
            FROM pg_enum
            WHERE enumtypid = '{_type(schema)}'::regtype AND enumlabel NOT IN ({removed});
            ALTER TYPE {_type(schema)} RENAME TO {OPERATION_TYPE}_old;
            EXECUTE 'CREATE TYPE {_type(schema)} AS ENUM (' || remaining || ')';
            ALTER TABLE "{schema}".ledger_entry ALTER COLUMN operation
                TYPE {_type(schema)} USING operation::text::{_type(schema)};
            DROP TYPE "{schema}".{OPERATION_TYPE}_old;
        END
        $migration$
        """)


def refuse_if_entries_exist(schema: str) -> None:
    """Stops a downgrade that would drop a ledger with entries in it, and so lose credits."""
    op.execute(f"""
        DO $migration$
        BEGIN
            LOCK TABLE "{schema}".ledger_entry IN ACCESS EXCLUSIVE MODE;
            {_refusal(schema, "true", "entries exist that this would drop")}
        END
        $migration$
        """)


def drop_operations(schema: str) -> None:
    """Drops the enum type of the operations."""
    op.execute(f"DROP TYPE {_type(schema)}")


def _refusal(schema: str, condition: str, reason: str) -> str:
    return f"""
            IF EXISTS (SELECT FROM "{schema}".ledger_entry WHERE {condition}) THEN
                RAISE EXCEPTION 'refused: in "{schema}", {reason}'
                    USING HINT = 'Keep them: correct the code and migrate forward instead.';
            END IF;"""


def _type(schema: str) -> str:
    return f'"{schema}".{OPERATION_TYPE}'


def _literal(value: str) -> str:
    # A colon would begin a bind parameter in the text that Alembic makes of a statement.
    return "'" + value.replace("'", "''").replace(":", "\\:") + "'"
