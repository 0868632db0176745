"""The migration lock, which allows only one deployer at a time to migrate an app's schema."""

import time
from collections.abc import Collection, Generator
from contextlib import contextmanager

from alembic.util import CommandError
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from core.migrations.engine import migration_engine
from core.migrations.former_names import require_no_former_name
from core.migrations.revisions import create_schema
from core.settings.environment import read_settings, source_of
from core.settings.groups import MigrationSettings
from core.storage.bounded_waits import bound_waits

_RETRY_SECONDS = 0.2
_GRACE_SECONDS = 5  # for PostgreSQL to report that it has cancelled a statement


@contextmanager
def only_deployer(
    app: str, url: SecretStr, known: Collection[str]
) -> Generator[Connection, None, None]:
    """Yields a connection that holds the app's migration lock and has the migration timeouts.

    Creates the app's schema if it does not exist. Raises CommandError if another deployer holds
    the lock for longer than MIGRATION_WAIT, or if a pooler in transaction mode is in between, and
    ConfigurationError if a ledger with the revisions `known` has another name.
    """
    settings = read_settings(MigrationSettings, app)
    engine = migration_engine(app, url)
    bound_waits(engine, settings.migration_statement_timeout + _GRACE_SECONDS)
    try:
        with engine.connect() as connection:
            _require_session_of_its_own(connection, engine)
            connection.execution_options(isolation_level="AUTOCOMMIT")
            _end_statements_with_this_process(connection)
            _take_lock(connection, app, settings.migration_wait)
            require_no_former_name(connection, app, known)
            connection.execute(text(create_schema(app)))
            connection.commit()
            connection.execution_options(isolation_level="READ COMMITTED")
            yield connection
    finally:
        engine.dispose()  # ends the session, which releases the lock


def _require_session_of_its_own(one: Connection, engine: Engine) -> None:
    """A pooler in transaction mode shares sessions, so that a lock would exclude nobody."""
    process = text("SELECT pg_backend_pid()")
    with engine.connect() as other:
        first = one.scalar(process)
        one.rollback()  # after which a pooler may give its session away
        if first == other.scalar(process):
            raise CommandError(
                "The database URL leads to a pooler in transaction mode, through which migrations "
                "cannot be locked: migrate with a URL that leads to PostgreSQL itself. Nothing was "
                "changed"
            )


def _end_statements_with_this_process(connection: Connection) -> None:
    """Lets PostgreSQL notice that this process has ended, and end its statement and its locks."""
    try:
        connection.execute(text("SET client_connection_check_interval = '1s'"))
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        connection.rollback()  # the server's platform does not support it


def _take_lock(connection: Connection, app: str, wait: float) -> None:
    """Takes a lock of the session, because each migration is a transaction of its own.

    Between the tries no transaction is open. CREATE INDEX CONCURRENTLY waits for the snapshots of
    all other transactions, so a deployer that waited in one would deadlock with the lock's holder.
    """
    lock = text("SELECT pg_try_advisory_lock(hashtext(:name))")
    deadline = time.monotonic() + wait
    while not connection.scalar(lock, {"name": f"migrations of the ledger {app}"}):
        if time.monotonic() >= deadline:
            raise CommandError(
                f"Another deployer has been migrating {app!r} for {wait:g} s: try again when it "
                f"has finished, or raise {source_of(app, 'migration_wait')}"
            )
        time.sleep(_RETRY_SECONDS)
