"""Runs a PostgreSQL server in a temporary folder, for tests and for the migration check."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from core.embedded.postgresql_server import postgresql
from core.embedded.programs import binary

# Linux keeps these files in memory. Creating a database there takes a third of the processor time.
_MEMORY = Path("/dev/shm")
_ENOUGH = 4 * 1024**3  # two servers with hundreds of databases each


class ThrowawayServer:
    """A running server on which databases can be created."""

    def __init__(self, url: SecretStr) -> None:
        self._url = urlsplit(url.get_secret_value())
        self._numbers = count(1)

    def create_database(self, *, template: SecretStr | None = None) -> SecretStr:
        """Creates an empty database, or a copy of the one at `template`, and returns its URL."""
        name = f"test_{next(self._numbers)}"
        socket = unquote(self._url.query.removeprefix("host="))
        connection = ["--host", socket, "--username", "postgres"]
        # The default strategy takes twice as long, because it also writes the copy to the log.
        source = _name_of(template) if template else "template1"
        how = ["--template", source, "--strategy", "file_copy"]
        command = [binary("createdb"), *connection, *how, name]
        subprocess.run(command, check=True)
        return SecretStr(self._url._replace(path=f"/{name}").geturl())


@contextmanager
def throwaway_server(*, durable: bool = False) -> Generator[ThrowawayServer, None, None]:
    """Runs a server that is stopped and deleted at the end of the block.

    By default it is not `durable`: it is faster, but data may be lost if the machine crashes. If
    enough memory is free, the data is kept there.
    """
    parent = None if durable else memory()
    with tempfile.TemporaryDirectory(prefix="ledger-", dir=parent) as folder:
        with postgresql(Path(folder, "data"), durable=durable) as url:
            yield ThrowawayServer(url)


def _name_of(database: SecretStr) -> str:
    return urlsplit(database.get_secret_value()).path.removeprefix("/")


def memory() -> Path | None:
    """Returns a folder whose files are in memory (/dev/shm); None if it is missing or too full."""
    usable = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH
    return _MEMORY if usable else None
