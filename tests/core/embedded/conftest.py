"""Data folders for the tests that are not about initdb, which runs once for all of them."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.embedded.copied_data import copied
from core.embedded.postgresql_server import postgresql
from core.embedded.throwaway_server import memory


@pytest.fixture(scope="session")
def initialized() -> Iterator[Path]:
    """A data folder to make copies of."""
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        data = Path(folder, "data")
        with postgresql(data):
            pass
        yield data


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory if possible, where copying a data folder takes a third of the processor time."""
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        yield Path(folder)


@pytest.fixture
def data(tmp_path: Path, initialized: Path) -> Path:
    """A data folder of a server that has been stopped."""
    return copied(initialized, tmp_path / "data")
