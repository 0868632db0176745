"""Creates a fresh PostgreSQL database for each test, with the apps' real migrations."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr

from core.embedded.throwaway_server import ThrowawayServer, throwaway_server
from core.ledgers.append_only import TABLES, TRIGGER
from core.migrations import revisions
from core.storage.connections import connect


def execute(url: SecretStr, statement: str) -> list[tuple[Any, ...]]:
    """Runs a statement in a transaction of its own, and returns its rows, if any."""
    engine = connect(url)
    with engine.begin() as connection:
        result = connection.exec_driver_sql(statement)
        rows = [tuple(row) for row in result] if result.returns_rows else []
    engine.dispose()
    return rows


@contextmanager
def held(url: SecretStr, app: str, owner_id: str) -> Generator[None, None, None]:
    """Holds a lock on the owner's balance, from another transaction, until the end of the block."""
    engine = connect(url, statement_timeout=120)
    with engine.connect() as other:
        query = f'SELECT FROM "{app}".ledger_balance WHERE owner_id = %s FOR UPDATE'
        assert other.exec_driver_sql(query, (owner_id,)).rowcount == 1
        yield
    engine.dispose()


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
