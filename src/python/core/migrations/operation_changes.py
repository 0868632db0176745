"""Functions with which migrations change a ledger's operations safely while it is in use.

Adding operations takes no lock on the entries, and operations that entries use cannot be removed.
In Alembic's offline mode the functions print the SQL that they would execute. `alembic revision
--autogenerate` writes the calls: see autogenerate.py.
"""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import DDL

from core.ledgers import append_only
from core.ledgers.models import HISTORY_INDEX, OPERATION_TYPE

_KEEP_OPERATIONS = (
    "Either keep the operations: put them back into the code and delete the revision, or, if this "
    "is a downgrade, stay at the revision and migrate forward. Or first give those entries another "
    "operation: docs/apps.md shows the revision."
)


def create_operations(schema: str, values: Sequence[str]) -> None:
    """Creates the enum type of the operations."""
    _execute(f"CREATE TYPE {_type(schema)} AS ENUM ({', '.join(map(_literal, values))})")


def add_operations(schema: str, values: Sequence[str]) -> None:
    """Adds operations, without locking or rewriting the entries."""
    for value in values:
        _execute(f"ALTER TYPE {_type(schema)} ADD VALUE {_literal(value)}")


def remove_operations(schema: str, values: Sequence[str]) -> None:
    """Removes operations. The migration fails if an entry uses one of them.

    PostgreSQL cannot drop a value of an enum, so this replaces the type and rewrites the entries,
    which are locked against reads and writes until the transaction ends.
    """
    removed = ", ".join(map(_literal, values))
    _execute_block(f"""
        DECLARE
            in_use text;
            remaining text;
        BEGIN
            LOCK TABLE "{schema}".ledger_entry IN ACCESS EXCLUSIVE MODE;
            SELECT string_agg(DISTINCT operation::text, ', ') INTO in_use
            FROM "{schema}".ledger_entry WHERE operation IN ({removed});
            IF in_use IS NOT NULL THEN
                RAISE EXCEPTION 'refused: in "{schema}", entries use operations that this '
                    'migration removes: %', in_use
                    USING HINT = {_literal(_KEEP_OPERATIONS)};
            END IF;
            SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder)
            INTO remaining
            FROM pg_enum
            WHERE enumtypid = '{_type(schema)}'::regtype AND enumlabel NOT IN ({removed});
            ALTER TYPE {_type(schema)} RENAME TO {OPERATION_TYPE}_old;
            EXECUTE 'CREATE TYPE {_type(schema)} AS ENUM (' || remaining || ')';
            BEGIN
                ALTER TABLE "{schema}".ledger_entry ALTER COLUMN operation
                    TYPE {_type(schema)} USING operation::text::{_type(schema)};
            EXCEPTION WHEN undefined_function THEN -- compares the old type with the new one
                RAISE EXCEPTION 'refused: in "{schema}", an object compares the operation'
                    USING DETAIL = (
                        SELECT string_agg(DISTINCT pg_describe_object(classid, objid, 0), ', ')
                        FROM pg_depend JOIN pg_attribute ON attrelid = refobjid
                            AND attnum = refobjsubid AND attname = 'operation'
                        WHERE refobjid = '"{schema}".ledger_entry'::regclass
                            AND objid NOT IN (SELECT oid FROM pg_constraint WHERE contype = 'n')
                    ), HINT = 'Drop it first, and create it again afterwards.';
            END;
            DROP TYPE "{schema}".{OPERATION_TYPE}_old;
        END
        """)


def create_history_index(schema: str) -> None:
    """Creates the index of owners and ids, without locking the entries against posts.

    PostgreSQL does so outside of a transaction only, so this commits what the revision has done
    before: call it first. What an interrupted run has left behind is dropped.
    """
    index, table = f'"{schema}".{HISTORY_INDEX}', f'"{schema}".ledger_entry'
    with op.get_context().autocommit_block():
        _execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index}")
        _execute(
            f"CREATE INDEX CONCURRENTLY {HISTORY_INDEX} ON {table} (owner_id, id) INCLUDE (amount)"
        )


def refuse_if_entries_exist(schema: str) -> None:
    """Makes a downgrade fail if it would drop entries, and so lose credits."""
    _execute_block(f"""
        BEGIN
            LOCK TABLE "{schema}".ledger_entry IN ACCESS EXCLUSIVE MODE;
            IF EXISTS (SELECT FROM "{schema}".ledger_entry) THEN
                RAISE EXCEPTION 'refused: in "{schema}", entries exist that this migration drops'
                    USING HINT = 'Keep the entries: fix the code and migrate forward instead.';
            END IF;
        END
        """)


def make_append_only(schema: str) -> None:
    """Makes PostgreSQL refuse every UPDATE, DELETE and TRUNCATE of the entries, by anybody."""
    for statement in append_only.make_append_only(schema):
        _execute(statement)


def allow_changes(schema: str) -> None:
    """Undoes make_append_only, in a downgrade."""
    for statement in append_only.allow_changes(schema):
        _execute(statement)


def replace_operation(schema: str, old: str, new: str) -> None:
    """Changes the entries of one operation to another, so that the first can be removed.

    Nothing else changes entries. As a migration, the change is reviewed, and stays in the history
    of the code.
    """
    entries, uses = (f'"{schema}".{table}' for table in append_only.TABLES)
    # At once, as remove_operations needs it: a post that has begun to read would be in its way.
    _execute(f"LOCK TABLE {entries} IN ACCESS EXCLUSIVE MODE")
    for table in (entries, uses):
        _execute(f"ALTER TABLE {table} DISABLE TRIGGER {append_only.TRIGGER}")
    _execute(f"UPDATE {entries} SET operation = {_literal(new)} WHERE operation = {_literal(old)}")
    # Their numbers belong to the limit of the old operation.
    _execute(f"DELETE FROM {uses} WHERE operation = {_literal(old)}")
    for table in (entries, uses):
        _execute(f"ALTER TABLE {table} ENABLE TRIGGER {append_only.TRIGGER}")


def drop_operations(schema: str) -> None:
    """Drops the enum type of the operations."""
    _execute(f"DROP TYPE {_type(schema)}")


def _type(schema: str) -> str:
    return f'"{schema}".{OPERATION_TYPE}'


def _literal(value: str) -> str:
    """Returns a string literal that is independent of `standard_conforming_strings`."""
    quoted = "'" + value.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in value else quoted


def _execute_block(block: str) -> None:
    """Executes PL/pgSQL as one statement, so that a script written by `--sql` is not split."""
    tag = "migration"
    while f"${tag}$" in block:
        tag += "_"
    _execute(f"DO ${tag}${block}${tag}$")


def _execute(statement: str) -> None:
    # Unlike text(), DDL() does not take a colon for the beginning of a parameter.
    op.execute(DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]  # SQLAlchemy's
