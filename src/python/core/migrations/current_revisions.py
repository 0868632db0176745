"""Reads which revisions a database is at, and changes nothing there."""

from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError

from core.ledgers.errors import ConfigurationError
from core.migrations.refusals import explanation
from core.migrations.revisions import version_table
from core.settings.environment import read_settings, source_of
from core.settings.groups import DatabaseSettings
from core.storage.connections import connect


def database_url(app: str) -> SecretStr:
    """Returns the URL of the app's database from the environment.

    Raises ConfigurationError if none is given.
    """
    url = read_settings(DatabaseSettings, app).database_url
    if url is None:
        raise ConfigurationError(f"No database is given: set {source_of(app, 'database_url')}")
    return url


def current_revisions(app: str, url: SecretStr) -> tuple[str, ...]:
    """Returns the rows of the app's version table; none if the database has no such table.

    Raises CommandError if the database cannot be read.
    """
    engine = connect(
        url, connect_timeout=read_settings(DatabaseSettings, app).connect_timeout, pool_size=1
    )
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            context = MigrationContext.configure(connection, opts=version_table(app))
            return context.get_current_heads()
    except DBAPIError as error:
        raise CommandError(explanation(app, error)) from error
    finally:
        engine.dispose()
