"""Chooses the program's database: the configured one or, without one, the embedded server."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from core.embedded.postgresql_server import postgresql
from core.embedded.throwaway_server import throwaway_server
from core.migrations import revisions
from core.settings.environment import read_settings, source_of
from core.settings.groups import DatabaseSettings, EmbeddedSettings


@contextmanager
def given_or_embedded(app: str) -> Generator[SecretStr, None, None]:
    """Yields the database's URL. An embedded server runs until the end of the block."""
    given = read_settings(DatabaseSettings, app).database_url
    if given is not None:
        yield given
        return
    with postgresql(embedded_data(app), setting=source_of(app, "data_dir")) as url:
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
        if revisions.exist(app):
            revisions.upgrade(app, url)
        yield url


def embedded_data(app: str) -> Path:
    """Returns the data folder of the app's embedded server."""
    return read_settings(EmbeddedSettings, app).data_dir.resolve() / app / "postgresql"
