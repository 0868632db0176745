"""Runs an app's Alembic migrations, and tells whether a database has had them all."""

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from core.migrations.autogenerate import write_operation_changes
from core.storage.connections import connect
from core.ledgers.errors import ConfigurationError, DatabaseNotMigrated, DatabaseUnavailable
from core.ledgers.ledger import Ledger
from core.ledgers.models import models_of
from core.ledgers.operations import OperationT
from core.settings import Settings, read_settings

_URL = "database_url"  # in Config.attributes: given by the program, instead of the environment
_OLDEST_POSTGRESQL = (15,)
_NEXT_STEPS = {
    "55P03": "A transaction uses what this changes: see pg_stat_activity, and migrate again when "
    "it has ended, or raise MIGRATION_LOCK_TIMEOUT",
    "57014": "The revision was rolled back: raise MIGRATION_STATEMENT_TIMEOUT, or make it shorter",
}


def run_env(ledger: Ledger[OperationT]) -> None:
    """What an app's `env.py` does: everything.

    Raises CommandError, which Alembic prints without a traceback, when the database refuses.
    """

    def is_ours(name: str | None, kind: str, _: object) -> bool:
        return kind != "schema" or name == ledger.name

    options: dict[str, Any] = {
        **_version_table(ledger.name),
        "target_metadata": models_of(ledger).metadata,
        "include_schemas": True,
        "include_name": is_ours,
        "compare_server_default": True,
        "transaction_per_migration": True,
        "process_revision_directives": write_operation_changes,
    }
    if context.is_offline_mode():
        context.configure(dialect_name="postgresql", literal_binds=True, **options)
        with context.begin_transaction():
            context.execute(f'CREATE SCHEMA IF NOT EXISTS "{ledger.name}"')
            context.run_migrations()
        return
    if context.config.cmd_opts:  # a person runs this: say what is done
        logging.basicConfig(format="%(message)s")
        logging.getLogger("alembic.runtime.migration").setLevel(logging.INFO)
    try:
        settings = read_settings(ledger.name)
        with _only_deployer(
            ledger.name, _database_url(ledger.name, settings), settings
        ) as connection:
            context.configure(connection=connection, **options)
            with context.begin_transaction():
                context.run_migrations()
    except ConfigurationError as error:
        raise CommandError(str(error)) from error
    except DBAPIError as error:
        raise CommandError(_explanation(ledger.name, error)) from error


def config(app: str, url: str | None = None, ini: str | None = None) -> Config:
    """Alembic's configuration of the app's migrations, for the database at `url`.

    Without `ini`, the app's alembic.ini is looked for: `alembic/` is a source root, so it lies
    below an entry of the path.
    """
    candidates = [Path(ini)] if ini else [Path(root, app, "alembic.ini") for root in sys.path]
    for candidate in candidates:
        if candidate.is_file():
            return Config(str(candidate), attributes={_URL: url})
    raise ConfigurationError(
        f"The migrations of {app!r} are not part of this program: "
        f"let its target depend on //alembic/{app}"
    )


def upgrade(app: str, url: str) -> None:
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
            migration_context = MigrationContext.configure(connection, opts=_version_table(app))
            return migration_context.get_current_revision()
    except DBAPIError as error:
        raise DatabaseUnavailable(f"The database does not answer: {error.orig}") from error


def _version_table(app: str) -> dict[str, Any]:
    return {"version_table": f"alembic_version_{app}", "version_table_schema": app}


def _database_url(app: str, settings: Settings) -> str:
    given: str | None = context.config.attributes.get(_URL)
    if given:
        return given
    if settings.database_url:
        return settings.database_url.get_secret_value()
    raise ConfigurationError(f"No database is given: set {_variables(app)}")


@contextmanager
def _only_deployer(app: str, url: str, settings: Settings) -> Generator[Connection, None, None]:
    """A connection on which no statement waits for ever, and on which we are alone with `app`."""
    engine = connect(
        url,
        connect_timeout=settings.connect_timeout,
        lock_timeout=settings.migration_wait,
        statement_timeout=settings.migration_statement_timeout,
    )
    try:
        with engine.connect() as connection:
            _wait_for_other_deployers(connection, app, settings)
            connection.execute(
                text("SELECT set_config('lock_timeout', :timeout, false)"),
                {"timeout": f"{settings.migration_lock_timeout}s"},
            )
            # Before Alembic, whose version table lives in it. IF NOT EXISTS would ask even for an
            # existing schema whether this role may create one.
            if connection.scalar(text("SELECT to_regnamespace(:app)"), {"app": app}) is None:
                connection.execute(text(f'CREATE SCHEMA "{app}"'))
            connection.commit()
            yield connection
    finally:
        engine.dispose()  # ends the session, and with it the lock


def _wait_for_other_deployers(connection: Connection, app: str, settings: Settings) -> None:
    # For the session, not the transaction: each migration has a transaction of its own.
    lock = text("SELECT pg_advisory_lock(hashtext(:name))")
    try:
        connection.execute(lock, {"name": f"migrations of the ledger {app}"})
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) != "55P03":  # lock_not_available
            raise
        raise CommandError(
            f"Another deployer has been migrating {app!r} for {settings.migration_wait:g} s: "
            "try again when it has finished"
        ) from error


def _variables(app: str) -> str:
    return f"{app.upper()}_DATABASE_URL or DATABASE_URL"


def _explanation(app: str, error: DBAPIError) -> str:
    """PostgreSQL's message, without the statement and the stack, and the next step."""
    diagnostics = getattr(error.orig, "diag", None)
    message = getattr(diagnostics, "message_primary", None)
    if message is None:  # it never came as far as PostgreSQL's own errors
        return f"The database does not answer: {str(error.orig).strip()}\nCheck {_variables(app)}"
    hint = getattr(diagnostics, "message_hint", None)
    next_step = hint or _NEXT_STEPS.get(getattr(error.orig, "pgcode", None) or "")
    return f"{message}. {next_step}" if next_step else str(message)
