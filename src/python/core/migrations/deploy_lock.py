"""The migration lock, which allows only one deployer at a time to migrate an app's schema."""

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
    """Yields a connection that holds the app's migration lock and has the migration timeouts.

    Creates the app's schema if it does not exist. Raises CommandError if another deployer holds
    the lock for longer than MIGRATION_WAIT.
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
            # Alembic needs the schema for its version table. CREATE SCHEMA IF NOT EXISTS would
            # require the CREATE privilege even if the schema exists.
            if connection.scalar(text("SELECT to_regnamespace(:app)"), {"app": app}) is None:
                connection.execute(text(f'CREATE SCHEMA "{app}"'))
            connection.commit()
            yield connection
    finally:
        engine.dispose()  # ends the session, which releases the lock


def _take_lock(connection: Connection, app: str, wait: float) -> None:
    # A session-level lock, because each migration runs in a transaction of its own.
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
