"""The revisions of an app's migrations, and whether a database has had them all."""

import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from pydantic import SecretStr
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from core.ledgers.errors import ConfigurationError, DatabaseNotMigrated, DatabaseUnavailable

DATABASE_URL = "database_url"
"""The attribute of Alembic's Config that overrides the environment: a SecretStr, or None."""

_OLDEST_POSTGRESQL = (15,)


def config(app: str, url: SecretStr | None = None, ini: str | None = None) -> Config:
    """Alembic's configuration of the app's migrations, for the database at `url`.

    Without `url` the environment names the database. Without `ini` the app's alembic.ini is
    searched for on `sys.path`, which has the source root `alembic/`.

    Raises ConfigurationError when there is no such file.
    """
    candidates = [Path(ini)] if ini else [Path(root, app, "alembic.ini") for root in sys.path]
    for candidate in candidates:
        if candidate.is_file():
            return Config(str(candidate), attributes={DATABASE_URL: url})
    raise ConfigurationError(
        f"The migrations of {app!r} are not part of this program: "
        f"let its target depend on //alembic/{app}"
    )


def upgrade(app: str, url: SecretStr) -> None:
    """Upgrades the app's schema in the database at `url` to the head.

    Raises DatabaseNotMigrated when it cannot.
    """
    try:
        command.upgrade(config(app, url), "head")
    except CommandError as error:
        raise DatabaseNotMigrated(f"The migrations failed: {error}") from error


def require_migrated(app: str, engine: Engine, *, or_newer: bool = False) -> None:
    """Returns when the app's schema is at the head; with `or_newer`, also when it is beyond.

    Raises DatabaseNotMigrated when it is not, DatabaseUnavailable when the database does not
    answer, ConfigurationError when it is too old.
    """
    needed, known = _history(app)
    current = _current_revision(app, engine)
    if current == needed:
        return
    if current is not None and current not in known:
        if or_newer:
            return
        raise DatabaseNotMigrated(
            f"The database is at revision {current}, which this release does not know: a newer one "
            "has migrated it. Deploy that one"
        )
    raise DatabaseNotMigrated(
        f"The database is at revision {current or 'none'}, this release needs {needed}. Migrate it "
        f"first, with this program's command `migrate`, for example: "
        f"./pants run src/python/apps/{app}:service -- migrate"
    )


def head(app: str) -> str:
    """The revision that the app's migrations lead to.

    Raises ConfigurationError when there is none, or more than one.
    """
    return _history(app)[0]


@lru_cache(maxsize=None)
def _history(app: str) -> tuple[str, frozenset[str]]:
    """The app's head revision, and all that its code knows."""
    script = ScriptDirectory.from_config(config(app))
    heads = script.get_heads()
    if not heads:
        raise ConfigurationError(f"alembic/{app}/versions is empty: create a first revision")
    if len(heads) > 1:
        raise ConfigurationError(
            f"The migrations have more than one head: {', '.join(heads)}. Order or merge them"
        )
    return heads[0], frozenset(revision.revision for revision in script.walk_revisions())


def _current_revision(app: str, engine: Engine) -> str | None:
    try:
        with engine.connect() as connection:
            version = connection.dialect.server_version_info or ()
            if version < _OLDEST_POSTGRESQL:
                raise ConfigurationError(
                    f"PostgreSQL {'.'.join(map(str, version))} is too old: use 15 or newer"
                )
            migration_context = MigrationContext.configure(connection, opts=version_table(app))
            return migration_context.get_current_revision()
    except DBAPIError as error:
        raise DatabaseUnavailable(f"The database does not answer: {error.orig}") from error


def version_table(app: str) -> dict[str, Any]:
    """Alembic's options for the app's own version table."""
    return {"version_table": f"alembic_version_{app}", "version_table_schema": app}
