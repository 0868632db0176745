"""Recognizes a ledger under the former name of its app, and renames it.

Otherwise, the migrations of an app that was renamed would create an empty ledger beside the old
one. The revisions tell: their IDs are random, and an app keeps them when it is renamed.
"""

from collections.abc import Collection

from pydantic import SecretStr
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from core.ledgers.errors import ConfigurationError
from core.migrations import revisions
from core.migrations.commands import program
from core.migrations.engine import migration_engine
from core.migrations.refusals import explanation

_LEDGERS = text("""
    SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind = 'r' AND relname = 'alembic_version_' || nspname
      AND has_schema_privilege(pg_namespace.oid, 'USAGE')
      AND has_table_privilege(pg_class.oid, 'SELECT')
    ORDER BY nspname
""")


def require_no_former_name(connection: Connection, app: str, known: Collection[str]) -> None:
    """Raises ConfigurationError if the database has the app's ledger under another name only.

    `known` are the IDs of the app's revisions.
    """
    ledgers = list(connection.scalars(_LEDGERS))
    if app in ledgers:
        return
    for former in ledgers:
        if known and _applied(connection, former) & set(known):
            raise ConfigurationError(
                f"The database has no ledger {app!r}, but a ledger {former!r} with the same "
                f"revisions. Nothing was changed. If {app!r} is another app, give its revisions "
                f"IDs of their own. If it is the new name of {former!r}, stop the services and "
                f"run: {program(app, 'rename-from', former)}"
            )


def rename(app: str, url: SecretStr, former: str) -> None:
    """Renames the schema and the version table of the ledger `former` to those of `app`.

    Raises ConfigurationError if the database has no such ledger, has one of the app already, or
    refuses to rename it.
    """
    known = revisions.ids(app)
    engine = migration_engine(app, url)
    try:
        with engine.begin() as connection:
            ledgers = list(connection.scalars(_LEDGERS))
            if app in ledgers:
                raise ConfigurationError(f"The database has a ledger {app!r} already")
            if former not in ledgers or not _applied(connection, former) & known:
                raise ConfigurationError(
                    f"The database has no ledger {former!r} with revisions of {app!r}"
                )
            old = revisions.version_table(former)["version_table"]
            new = revisions.version_table(app)["version_table"]
            connection.execute(text(f'ALTER TABLE "{former}"."{old}" RENAME TO "{new}"'))
            connection.execute(text(f'ALTER INDEX "{former}"."{old}_pkc" RENAME TO "{new}_pkc"'))
            connection.execute(text(f'ALTER SCHEMA "{former}" RENAME TO "{app}"'))
    except DBAPIError as error:
        raise ConfigurationError(explanation(app, error)) from error
    finally:
        engine.dispose()


def _applied(connection: Connection, app: str) -> set[str]:
    table = revisions.quoted_version_table(app)
    return set(connection.scalars(text(f"SELECT version_num FROM {table}")))
