"""Finds an app's migrations, runs them, and checks whether a database is up to date."""

import sys
from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from pydantic import SecretStr

from core.ledgers.errors import ConfigurationError, DatabaseNotMigrated
from core.migrations.commands import program, write_revision

DATABASE_URL = "database_url"
"""The attribute of Alembic's Config with the database's URL, a SecretStr.

If it is None, the URL is read from the environment.
"""


def config(app: str, url: SecretStr | None = None, ini: str | None = None) -> Config:
    """Returns Alembic's configuration of the app's migrations, for the database at `url`.

    If `url` is None, the environment variables determine the database. If `ini` is None, the app's
    alembic.ini is searched for on `sys.path`, which includes the source root `alembic/`.

    Raises ConfigurationError if alembic.ini is not found.
    """
    candidates = [Path(ini)] if ini else [Path(root, app, "alembic.ini") for root in sys.path]
    for candidate in candidates:
        if candidate.is_file():
            found = Config(str(candidate), attributes={DATABASE_URL: url})
            here = str(candidate.absolute().parent)
            found.file_config.set(
                "DEFAULT", "here", here.replace("%", "%%")
            )  # which Alembic does not escape
            return found
    raise ConfigurationError(
        f"The migrations of {app!r} are not part of this program: "
        f"add //alembic/{app} to the dependencies of its target, or correct the ledger's name, "
        "which must be that of its folders"
    )


def upgrade(app: str, url: SecretStr) -> None:
    """Upgrades the app's schema in the database at `url` to the head revision.

    Raises DatabaseNotMigrated if a migration fails, and ConfigurationError if there is not exactly
    one head.
    """
    head(app)
    try:
        command.upgrade(config(app, url), "head")
    except CommandError as error:
        raise DatabaseNotMigrated(f"The migrations failed: {error}") from error


def require_revision(app: str, current: Collection[str]) -> None:
    """Checks that `current`, the rows of the app's version table, have the head or newer revisions.

    There can be several rows, because Alembic allows `upgrade heads`. Revisions are newer if this
    release knows none of them. One that it knows is an ancestor of the head, and Alembic deletes
    the rows of ancestors: so the head has not been applied.

    Raises DatabaseNotMigrated if the schema is at other revisions, and ConfigurationError if this
    release does not have exactly one head.
    """
    needed, known = _history(app)
    if needed in current or (current and known.isdisjoint(current)):
        return
    if not current:
        raise DatabaseNotMigrated(
            f"The database has no ledger of {app!r} yet. Create it: {program(app, 'migrate')}"
        )
    raise DatabaseNotMigrated(
        f"The database is at {listed(current)}, but this release needs {needed}. "
        f"Migrate it first: {program(app, 'migrate')}"
    )


def listed(revisions: Collection[str]) -> str:
    """Returns the revisions as text: `revision a` or `revisions a, b`."""
    return f"revision{'s' * (len(revisions) > 1)} {', '.join(sorted(revisions))}"


def ids(app: str, ini: str | None = None) -> frozenset[str]:
    """Returns the IDs of all of the app's revisions, of which there may be none yet."""
    return ids_in(ScriptDirectory.from_config(config(app, ini=ini)))


def ids_in(script: ScriptDirectory) -> frozenset[str]:
    """Returns the IDs of all revisions in a folder of migrations."""
    return frozenset(revision.revision for revision in script.walk_revisions())


def head(app: str) -> str:
    """Returns the head revision of the app's migrations.

    Raises ConfigurationError if there is not exactly one.
    """
    return _history(app)[0]


def only_head(app: str, script: ScriptDirectory) -> str:
    """Returns the head revision in a folder of migrations.

    Raises ConfigurationError if there is not exactly one.
    """
    heads = script.get_heads()
    if not heads:
        raise ConfigurationError(
            f"alembic/{app}/versions has no revisions: create the first one with "
            f"{write_revision(app, 'create the ledger')}"
        )
    if len(heads) > 1:
        raise several_heads(app, heads)
    return heads[0]


def several_heads(app: str, heads: Iterable[str]) -> ConfigurationError:
    return ConfigurationError(
        f"The migrations have more than one head: {', '.join(sorted(heads))}. Order them, or merge "
        f'them: ./pants migrate alembic/{app}:: -- merge heads -m "merge"'
    )


@lru_cache(maxsize=None)
def _history(app: str) -> tuple[str, frozenset[str]]:
    """Returns the app's head revision and the set of all its revisions."""
    script = ScriptDirectory.from_config(config(app))
    return only_head(app, script), ids_in(script)


def version_table(app: str) -> dict[str, Any]:
    """Returns Alembic's options for the app's own version table."""
    return {"version_table": f"alembic_version_{app}", "version_table_schema": app}


def quoted_version_table(app: str) -> str:
    """Returns the name of the app's version table, as SQL statements contain it."""
    return '"{version_table_schema}"."{version_table}"'.format(**version_table(app))


def create_schema(app: str) -> str:
    """Returns the statement that creates the app's schema, which Alembic needs for its table.

    CREATE SCHEMA IF NOT EXISTS would require the CREATE privilege even if the schema exists.
    """
    return f"""
        DO $$
        BEGIN
            IF to_regnamespace('"{app}"') IS NULL THEN
                CREATE SCHEMA "{app}";
            END IF;
        END
        $$"""
