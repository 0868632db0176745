"""Data folders for the tests that are not about initdb, which runs once for all of them."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.embedded import copied_data
from core.embedded.copied_data import copied
from core.embedded.throwaway_server import memory


@pytest.fixture(scope="session")
def initialized() -> Iterator[Path]:
    """The data folder of an empty server, for tests to copy."""
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        yield copied_data.initialized(Path(folder, "data"))


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory, if possible: copying data there takes a third of the processor time."""
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        yield Path(folder)


@pytest.fixture
def data(tmp_path: Path, initialized: Path) -> Path:
    """A data folder of a server that has been stopped."""
    return copied(initialized, tmp_path / "data")
