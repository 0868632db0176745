"""The lock that lets one deployer at a time migrate an app's schema."""

from collections.abc import Generator
from contextlib import contextmanager

from alembic.util import CommandError
from pydantic import SecretStr
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from core.settings.environment import read_settings
from core.settings.groups import DatabaseSettings, MigrationSettings
from core.storage.connections import connect
from core.storage.sqlstates import is_lock_timeout


@contextmanager
def only_deployer(app: str, url: SecretStr) -> Generator[Connection, None, None]:
    """A connection that holds the app's migration lock, and on which every statement times out.

    The app's schema exists then. Raises CommandError when another deployer holds the lock for
    longer than MIGRATION_WAIT.
    """
    settings = read_settings(MigrationSettings, app)
    engine = connect(
        url,
        connect_timeout=read_settings(DatabaseSettings, app).connect_timeout,
        lock_timeout=settings.migration_wait,
        statement_timeout=settings.migration_statement_timeout,
    )
    try:
        with engine.connect() as connection:
            _take_lock(connection, app, settings.migration_wait)
            connection.execute(
                text("SELECT set_config('lock_timeout', :timeout, false)"),
                {"timeout": f"{settings.migration_lock_timeout}s"},
            )
            # Before Alembic, whose version table is in the schema. CREATE SCHEMA IF NOT EXISTS
            # needs the right to create one even where it exists.
            if connection.scalar(text("SELECT to_regnamespace(:app)"), {"app": app}) is None:
                connection.execute(text(f'CREATE SCHEMA "{app}"'))
            connection.commit()
            yield connection
    finally:
        engine.dispose()  # ends the session, and with it the lock


def _take_lock(connection: Connection, app: str, wait: float) -> None:
    # A lock of the session: each migration has a transaction of its own.
    lock = text("SELECT pg_advisory_lock(hashtext(:name))")
    try:
        connection.execute(lock, {"name": f"migrations of the ledger {app}"})
    except DBAPIError as error:
        if not is_lock_timeout(error):
            raise
        raise CommandError(
            f"Another deployer has been migrating {app!r} for {wait:g} s: "
            "try again when it has finished"
        ) from error
