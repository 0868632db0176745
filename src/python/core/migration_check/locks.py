"""Runs revisions on a temporary database, and records the locks that each of them takes.

A lock counts if posts or reads would wait for it, and if its table existed before the revision.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from alembic import command
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationInfo
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError

from core.migration_check.app_migrations import Migrations
from core.migrations.revisions import create_schema, version_table
from core.storage.connections import connect

ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"
EXCLUSIVE = ("EXCLUSIVE", ACCESS_EXCLUSIVE)
# From the weakest to the strongest. Posts wait for each of them, reads only for the last one.
_MODES = {
    "ShareLock": "SHARE",
    "ShareRowExclusiveLock": "SHARE ROW EXCLUSIVE",
    "ExclusiveLock": "EXCLUSIVE",
    "AccessExclusiveLock": ACCESS_EXCLUSIVE,
}
_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = to_regnamespace(quote_ident(%(schema)s)) AND relkind IN ('r', 'p')
"""
_LOCKS = """
SELECT relname, mode FROM pg_locks JOIN pg_class ON pg_class.oid = relation
WHERE pid = pg_backend_pid() AND relnamespace = to_regnamespace(quote_ident(%(schema)s))
"""
# The statements that cannot run in a transaction and block nobody. Others, such as VACUUM FULL,
# count as ACCESS EXCLUSIVE.
_BLOCKS_NOBODY = re.compile(r"\bCONCURRENTLY\b|^\s*VACUUM\b(?!.*\bFULL\b)", re.I | re.S)


@dataclass(frozen=True)
class RevisionLocks:
    """A revision, and the strongest lock that it takes on each table."""

    revision: str
    docstring: str
    locks: dict[str, str]


@dataclass
class _Watch:
    """Records what a session locks, statement by statement, until the next revision begins."""

    schema: str
    engine: Engine
    connection: Connection
    existing: set[str] = field(default_factory=set[str])
    locks: dict[str, str] = field(default_factory=dict[str, str])

    def begin_revision(self) -> None:
        self.existing = {name for (name,) in self._rows(self.connection, _TABLES)}
        self.locks = {}

    def before(self, *execution: Any) -> None:
        """Tries a statement that will commit by itself, and so hold no lock afterwards."""
        connection, _, statement, parameters, *_ = execution
        if connection.connection.dbapi_connection.autocommit:
            with self.engine.connect() as other:
                try:
                    other.exec_driver_sql(statement, parameters)
                    self._record(other)
                except DBAPIError:  # refused, because this is a transaction
                    if not _BLOCKS_NOBODY.search(statement):
                        named = {table for table in self.existing if table in statement}
                        self.locks |= dict.fromkeys(named or self.existing, ACCESS_EXCLUSIVE)

    def after(self, *execution: Any) -> None:
        self._record(execution[0])

    def _record(self, connection: Connection) -> None:
        strengths = [*_MODES.values()]
        for table, mode in self._rows(connection, _LOCKS):
            if table in self.existing and mode in _MODES:
                known = self.locks.get(table, strengths[0])
                self.locks[table] = max(known, _MODES[mode], key=strengths.index)

    def _rows(self, connection: Connection, query: str) -> list[tuple[str, ...]]:
        # Not through SQLAlchemy, whose events would call this again.
        with closing(connection.connection.cursor()) as cursor:
            cursor.execute(query, {"schema": self.schema})
            return list(cursor.fetchall())


def locks_of_upgrade(migrations: Migrations, current: tuple[str, ...] = ()) -> list[RevisionLocks]:
    """Returns the revisions that an upgrade from `current` to the head runs, in this order.

    Raises CommandError or LedgerError if one of them fails on an empty ledger.
    """
    url = migrations.empty_database()
    for revision in current:
        migrations.alembic(command.upgrade, url, revision)
    script = ScriptDirectory.from_config(migrations.config())
    applied: list[RevisionLocks] = []
    engine = connect(url)
    try:
        with engine.connect() as connection:
            connection.execute(text(create_schema(migrations.app)))
            connection.commit()
            watch = _Watch(migrations.app, engine, connection)
            watch.begin_revision()
            event.listen(connection, "before_cursor_execute", watch.before)
            event.listen(connection, "after_cursor_execute", watch.after)

            def record(step: MigrationInfo, **_: object) -> None:
                for revision in step.up_revision_ids:
                    docstring = script.get_revision(revision).module.__doc__ or ""
                    applied.append(RevisionLocks(revision, docstring, watch.locks))
                watch.begin_revision()

            _upgrade(migrations, script, connection, record)
    finally:
        engine.dispose()
    return applied


def _upgrade(
    migrations: Migrations,
    script: ScriptDirectory,
    connection: Connection,
    applied: Callable[..., None],
) -> None:
    """Upgrades to the head as env.py does, on a connection that is watched."""

    def steps(current: Any, _: MigrationContext) -> Iterator[Any]:
        # As Alembic's own command, which opens a connection of its own.
        found = script._upgrade_revs("head", current)  # pyright: ignore[reportPrivateUsage]
        return iter(found)

    with EnvironmentContext(migrations.config(), script, fn=steps) as environment:
        environment.configure(
            connection=connection,
            transaction_per_migration=True,
            on_version_apply=applied,
            **version_table(migrations.app),
        )
        with environment.begin_transaction():
            environment.run_migrations()


def unannounced(revision: RevisionLocks, tables: set[str]) -> list[str]:
    """Returns what the docstring of a revision does not say about its exclusive locks."""
    docstring = " ".join(revision.docstring.split())
    announcements = [
        f"takes {mode} on {table}"
        for table, mode in sorted(revision.locks.items())
        if table in tables and mode in EXCLUSIVE
    ]
    return [each for each in announcements if each not in docstring.replace("Takes", "takes")]
