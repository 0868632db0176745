"""Chooses the program's database: the configured one or, without one, the embedded server."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from core.embedded.postgresql_server import postgresql
from core.embedded.throwaway_server import throwaway_server
from core.ledgers.errors import ConfigurationError
from core.migrations import revisions
from core.migrations.commands import program
from core.settings.environment import read_settings, source_of
from core.settings.groups import DatabaseSettings, EmbeddedSettings


@contextmanager
def given_or_embedded(app: str) -> Generator[SecretStr, None, None]:
    """Yields the database's URL. An embedded server runs until the end of the block."""
    given = read_settings(DatabaseSettings, app).database_url
    if given is not None:
        yield given
        return
    data = embedded_data(app)
    _require_no_former_data(app, data)
    with postgresql(data, setting=source_of(app, "data_dir")) as url:
        _mark(data).write_text("\n".join(sorted(revisions.ids(app))))
        yield url


@contextmanager
def at_the_head(app: str) -> Generator[SecretStr, None, None]:
    """Yields the URL of a database that the app's migrations have built, to compare models with.

    It is the configured one, or else a temporary one: the embedded database may be in use, and may
    not be at the head.
    """
    given = read_settings(DatabaseSettings, app).database_url
    if given is not None:
        yield given
        return
    with throwaway_server() as server:
        url = server.create_database()
        if revisions.ids(app):
            revisions.upgrade(app, url)
        yield url


def move_embedded(app: str, former: str) -> None:
    """Moves the embedded database of a former name, if the app's database is the embedded one.

    Raises ConfigurationError if the app has an embedded database already.
    """
    old, new = embedded_data(former).parent, embedded_data(app).parent
    if read_settings(DatabaseSettings, app).database_url is not None or not old.exists():
        return
    if new.exists():
        raise ConfigurationError(f"{new} exists already: move it away, then try again")
    old.rename(new)


def _require_no_former_data(app: str, data: Path) -> None:
    """A new embedded database must not be created beside that of a former name."""
    if data.exists():
        return
    ids = revisions.ids(app)
    for mark in data.parent.parent.glob(f"*/{_mark(data).name}"):
        if ids.intersection(mark.read_text().split()):
            former = mark.parent.name
            raise ConfigurationError(
                f"{data.parent} does not exist, but {mark.parent} has a ledger with the same "
                f"revisions. If {app!r} is another app, give its revisions IDs of their own, or "
                f"set DATA_DIR. If it is the new name of {former!r}, run: "
                f"{program(app, 'rename-from', former)}"
            )


def _mark(data: Path) -> Path:
    """Returns the file with the revisions of the code that has used the database last."""
    return data.with_name(f"{data.name}.revisions")


def embedded_data(app: str) -> Path:
    """Returns the data folder of the app's embedded server."""
    return read_settings(EmbeddedSettings, app).data_dir.resolve() / app / "postgresql"
