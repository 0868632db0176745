"""Connects to a database in order to change its schema."""

from pydantic import SecretStr
from sqlalchemy import Engine

from core.settings.environment import read_settings
from core.settings.groups import DatabaseSettings, MigrationSettings
from core.storage.connections import connect


def migration_engine(app: str, url: SecretStr) -> Engine:
    """Returns an engine with the timeouts of migrations, such as MIGRATION_LOCK_TIMEOUT.

    Raises ConfigurationError if `url` or a setting is invalid.
    """
    settings = read_settings(MigrationSettings, app)
    return connect(
        url,
        connect_timeout=read_settings(DatabaseSettings, app).connect_timeout,
        lock_timeout=settings.migration_lock_timeout,
        statement_timeout=settings.migration_statement_timeout,
    )
