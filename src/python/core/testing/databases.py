"""Databases for tests: real ones, built by the real migrations, a fresh one for every test."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from core.embedded.throwaway_server import ThrowawayServer, throwaway_server
from core.migrations import revisions
from core.storage.connections import connect


def execute(url: SecretStr, statement: str) -> list[tuple[Any, ...]]:
    """Runs a statement in a transaction of its own; returns the rows, if there are any."""
    engine = connect(url)
    with engine.begin() as connection:
        result = connection.exec_driver_sql(statement)
        rows = [tuple(row) for row in result] if result.returns_rows else []
    engine.dispose()
    return rows


@contextmanager
def held(url: SecretStr, app: str, owner_id: str) -> Generator[None, None, None]:
    """For as long as the block lasts, another transaction holds the owner's balance."""
    engine = connect(url, statement_timeout=120)
    with engine.connect() as other:
        query = f"SELECT FROM {app}.ledger_balance WHERE owner_id = %s FOR UPDATE"
        assert other.exec_driver_sql(query, (owner_id,)).rowcount == 1
        yield
    engine.dispose()


class Databases:
    """Makes databases on one server. The migrations of an app run once; the rest are copies."""

    def __init__(self, server: ThrowawayServer) -> None:
        self._server = server
        self._migrated: dict[str, str] = {}

    def empty(self) -> SecretStr:
        """The URL of a new database with nothing in it."""
        return self._server.create_database()

    def migrated(self, app: str) -> SecretStr:
        """The URL of a new database in which the app's schema is at its head."""
        if app not in self._migrated:
            url = self.empty()
            revisions.upgrade(app, url)
            self._migrated[app] = urlsplit(url.get_secret_value()).path.removeprefix("/")
        return self._server.create_database(template=self._migrated[app])


@contextmanager
def throwaway_databases(*, durable: bool = False) -> Generator[Databases, None, None]:
    """The databases of a server that runs until the block ends."""
    with throwaway_server(durable=durable) as server:
        yield Databases(server)
