"""A PostgreSQL server on a temporary folder, for tests and for the check of the migrations."""

import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from core.embedded.postgresql_server import postgresql
from core.embedded.programs import binary


class ThrowawayServer:
    """A running server, and the databases that were created on it."""

    def __init__(self, url: SecretStr) -> None:
        self._url = urlsplit(url.get_secret_value())
        self._numbers = count(1)

    def create_database(self, *, template: str = "template1") -> SecretStr:
        """The URL of a new database, a copy of the one that is named `template`."""
        name = f"test_{next(self._numbers)}"
        socket = self._url.query.removeprefix("host=")
        connection = ["--host", socket, "--username", "postgres"]
        command = [binary("createdb"), *connection, "--template", template, name]
        subprocess.run(command, check=True)
        return SecretStr(self._url._replace(path=f"/{name}").geturl())


@contextmanager
def throwaway_server(*, durable: bool = False) -> Generator[ThrowawayServer, None, None]:
    """A server that is stopped and deleted when the block ends.

    Unless it is `durable`, a crash of the machine may lose data, and posting is faster.
    """
    with tempfile.TemporaryDirectory(prefix="ledger-") as folder:
        with postgresql(Path(folder, "data"), durable=durable) as url:
            yield ThrowawayServer(url)
