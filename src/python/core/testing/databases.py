"""Creates a fresh PostgreSQL database for each test, with the apps' real migrations."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
from pydantic import SecretStr

from core.embedded.throwaway_server import ThrowawayServer, throwaway_server
from core.ledgers.append_only import TABLES, TRIGGER
from core.migrations import revisions
from core.storage.connections import (
    connect,
    libpq_parameters,
    session_settings,
    setting_statements,
)

TRIGGERS_OFF = "SET LOCAL session_replication_role = replica"
"""Lets this transaction change and delete entries. Foreign keys are not checked either."""


def execute(url: SecretStr, statement: str) -> list[tuple[Any, ...]]:
    """Runs a statement in a transaction and returns its rows, if any. A percent sign is %%."""
    # Without an engine, which would first send queries of its own.
    connection = psycopg2.connect("", **libpq_parameters(url, statement_timeout=10))
    settings = session_settings(statement_timeout=10, lock_timeout=5)
    with closing(connection), connection.cursor() as cursor:
        connection.autocommit = True  # the transaction begins with the settings
        cursor.execute(setting_statements(settings))
        connection.autocommit = False
        with connection:
            cursor.execute(statement, ())
            return [] if cursor.description is None else cursor.fetchall()


@contextmanager
def held(url: SecretStr, app: str, owner_id: str) -> Generator[None, None, None]:
    """Holds a lock on the owner's balance, from another transaction, until the end of the block."""
    engine = connect(url, statement_timeout=120)
    with engine.connect() as other:
        query = f'SELECT FROM "{app}".ledger_balance WHERE owner_id = %s FOR UPDATE'
        assert other.exec_driver_sql(query, (owner_id,)).rowcount == 1
        yield
    engine.dispose()


def blocked_transactions(url: SecretStr) -> int:
    """Returns how many transactions wait for a lock that another one holds."""
    return len(execute(url, "SELECT FROM pg_locks WHERE NOT granted"))


@contextmanager
def changeable_entries(url: SecretStr, app: str) -> Generator[None, None, None]:
    """Lets tests change and delete entries in the block, which PostgreSQL otherwise refuses."""

    def alter(action: str) -> None:
        tables = [f'ALTER TABLE "{app}".{table} {action} TRIGGER {TRIGGER}' for table in TABLES]
        execute(url, ";".join(tables))

    alter("DISABLE")
    try:
        yield
    finally:
        alter("ENABLE")


def delete_all_entries(url: SecretStr, app: str) -> None:
    """Empties the ledger; the ids of new entries start from 1."""
    # Cheaper than TRUNCATE, after which stores would have to prepare their statements again.
    execute(
        url,
        f"{TRIGGERS_OFF};"
        f'DELETE FROM "{app}".ledger_limit_use;'
        f'DELETE FROM "{app}".ledger_entry;'
        f'DELETE FROM "{app}".ledger_balance;'
        f"SELECT setval(pg_get_serial_sequence('\"{app}\".ledger_entry', 'id'), 1, false)",
    )


class Databases:
    """Creates databases on one server.

    The migrations of an app run only once; further databases are copies of the result.
    """

    def __init__(self, server: ThrowawayServer) -> None:
        self.server = server
        self._migrated: dict[str, SecretStr] = {}

    def empty(self) -> SecretStr:
        """Creates an empty database and returns its URL."""
        return self.server.create_database()

    def copy(self, url: SecretStr) -> SecretStr:
        """Creates a copy of the database at `url`, to which nobody is connected."""
        return self.server.create_database(template=url)

    def migrated(self, app: str) -> SecretStr:
        """Creates a database with the app's schema at the head revision, and returns its URL."""
        if app not in self._migrated:
            url = self.empty()
            revisions.upgrade(app, url)
            self._migrated[app] = url
        return self.copy(self._migrated[app])


@contextmanager
def throwaway_databases(*, durable: bool = False) -> Generator[Databases, None, None]:
    """Yields the databases of a server that runs until the end of the block."""
    with throwaway_server(durable=durable) as server:
        yield Databases(server)
