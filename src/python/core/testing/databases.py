"""Databases for tests: real ones, built by the real migrations, a fresh one for every test."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.migrations import revisions
from core.embedded.postgresql_server import postgresql
from core.storage.connections import connect


def execute(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Runs a statement in a transaction of its own; returns the rows, if there are any."""
    engine = connect(url)
    with engine.begin() as connection:
        result = connection.exec_driver_sql(statement)
        rows = [tuple(row) for row in result] if result.returns_rows else []
    engine.dispose()
    return rows


@contextmanager
def held(url: str, app: str, owner_id: str) -> Generator[None, None, None]:
    """For as long as the block lasts, another transaction holds the owner's balance."""
    engine = connect(url, statement_timeout=120)
    with engine.connect() as other:
        query = f"SELECT FROM {app}.ledger_balance WHERE owner_id = %s FOR UPDATE"
        assert other.exec_driver_sql(query, (owner_id,)).rowcount == 1
        yield
    engine.dispose()


class Databases:
    """Makes databases on one server. The migrations of an app run once; the rest are copies."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._numbers = count(1)
        self._migrated: dict[str, str] = {}

    def empty(self) -> str:
        """The URL of a new database with nothing in it."""
        return self._create("template1")

    def migrated(self, app: str) -> str:
        """The URL of a new database in which the app's schema is at its head."""
        if app not in self._migrated:
            url = self.empty()
            revisions.upgrade(app, url)
            self._migrated[app] = urlsplit(url).path.removeprefix("/")
        return self._create(self._migrated[app])

    def _create(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        engine = connect(self._server)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        engine.dispose()
        return urlsplit(self._server)._replace(path=f"/{name}").geturl()


@contextmanager
def throwaway_server(*, durable: bool = False) -> Generator[Databases, None, None]:
    """A server for as long as the block lasts, and the databases on it."""
    with tempfile.TemporaryDirectory(prefix="ledger-") as folder:
        with postgresql(Path(folder, "data"), durable=durable) as url:
            yield Databases(url)
