"""The data and the socket may be in folders with any name."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from core.embedded.copied_data import copied
from core.embedded.postgresql_server import postgresql
from core.embedded.server_socket import socket_folder
from core.embedded.throwaway_server import ThrowawayServer, memory
from core.ledgers.errors import ConfigurationError
from core.testing.databases import execute

# As many odd names in a path as possible: the length of a socket's path is limited.
ODDEST = 'it\'s "so" `ls` $HOME \\ ;/[ü]#?@:*'
PATHS = [
    "a+b/50%/%2F/a&b=c/a b",
    ODDEST,
    "a,b",
    "long" * 50,
]


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path leaves place for that of a socket."""
    with tempfile.TemporaryDirectory(dir=memory() or "/tmp", prefix="t") as folder:
        yield Path(folder)


@pytest.mark.parametrize("path", PATHS)
def test_a_server_runs_in_folders_with_any_name(
    short: Path, initialized: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    folder = short / path
    folder.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    if path != ODDEST:  # in which initdb runs, too
        copied(initialized, folder / "data")
    with postgresql(folder / "data") as maintenance_url:
        url = ThrowawayServer(maintenance_url).create_database()
        assert execute(url, "SELECT 1") == [(1,)]
        connection = psycopg2.connect(url.get_secret_value())  # reads it as libpq does
        connection.close()


def test_the_socket_is_in_the_temporary_folder_where_that_is_possible(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in PATHS:
        (short / path).mkdir(parents=True)
        monkeypatch.setattr(tempfile, "tempdir", str(short / path))
        parent = short / path if "," not in path and len(path) < 50 else Path("/tmp")
        with socket_folder(short) as folder:
            assert folder.parent == parent
        assert not folder.exists()


def test_a_socket_folder_that_is_a_link_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with socket_folder(tmp_path / "data") as folder:
        pass
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="remove it"):
        with postgresql(tmp_path / "data"):
            pass
