"""What the migration check checks: an app's migrations, on empty databases."""

import io
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from pydantic import SecretStr
from sqlalchemy import Connection

from core.embedded.programs import binary
from core.embedded.throwaway_server import ThrowawayServer
from core.ledgers.ledger import Ledger
from core.ledgers.models import models_of
from core.migration_check.definition import definition_of
from core.migrations import revisions
from core.storage.connections import connect

# Another app's schema in the same database, which an app's migrations must not change. No app can
# have this name, because it does not begin with a letter.
NEIGHBOUR = """
    CREATE SCHEMA _neighbour;
    CREATE TYPE _neighbour.ledger_operation AS ENUM ('CREDIT_ADD');
    CREATE TABLE _neighbour.ledger_entry (operation _neighbour.ledger_operation);
    INSERT INTO _neighbour.ledger_entry VALUES ('CREDIT_ADD');
"""


@dataclass(frozen=True)
class Migrations:
    """An app's migrations, and a server with databases to run them on."""

    ledger: Ledger[Any]
    server: ThrowawayServer
    ini: str | None = None
    """The path of the app's alembic.ini; if None, it is searched for on `sys.path`."""

    @property
    def app(self) -> str:
        return self.ledger.name

    def alembic(self, run: Callable[..., Any], url: SecretStr, *arguments: str, **more: Any) -> str:
        """Runs an Alembic command and returns its output."""
        config = self.config(url)
        config.stdout = config.output_buffer = io.StringIO()
        run(config, *arguments, **more)
        return config.output_buffer.getvalue()

    def config(self, url: SecretStr | None = None) -> Config:
        return revisions.config(self.app, url, self.ini)

    def empty_database(self) -> SecretStr:
        return self.server.create_database()

    def upgraded_database(self) -> SecretStr:
        """Returns a database with the neighbour, in which the app's schema is at the head."""
        return self.server.create_database(template=self._upgraded)

    @cached_property
    def _upgraded(self) -> SecretStr:
        """The database that each check gets a copy of: copying is faster than migrating."""
        url = self.empty_database()
        with connected(url) as connection:
            connection.exec_driver_sql(NEIGHBOUR)
        self.alembic(command.upgrade, url, "head")
        return url

    @cached_property
    def declared(self) -> set[str]:
        """The definition of the schema that the models would create."""
        url = self.empty_database()
        with connected(url) as connection:
            connection.exec_driver_sql(f'CREATE SCHEMA "{self.app}"')
            models_of(self.ledger).metadata.create_all(connection)
            return definition_of(connection, self.app)


def execute_script(url: SecretStr, script: str) -> None:
    """Executes what `--sql` prints, with psql as a person would.

    Raises CommandError if a statement fails.
    """
    done = subprocess.run(
        [binary("psql"), "--no-psqlrc", "-v", "ON_ERROR_STOP=1", url.get_secret_value()],
        input=script,
        encoding="utf-8",
        capture_output=True,
    )
    if done.returncode:
        raise CommandError(f"the SQL of `upgrade head --sql` fails: {done.stderr.strip()}")


Check = Callable[[Migrations], Iterator[str]]
"""Yields a message for each problem. Raises CommandError or LedgerError if a migration fails."""


@contextmanager
def connected(url: SecretStr) -> Generator[Connection, None, None]:
    engine = connect(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()
