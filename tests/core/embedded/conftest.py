"""Data folders for the tests that are not about initdb, which runs once for all of them."""

from pathlib import Path

import pytest

from core.embedded.copied_data import copied
from core.embedded.postgresql_server import postgresql


@pytest.fixture(scope="session")
def initialized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder to make copies of."""
    data = tmp_path_factory.mktemp("initialized") / "data"
    with postgresql(data):
        pass
    return data


@pytest.fixture
def data(tmp_path: Path, initialized: Path) -> Path:
    """A data folder of a server that has been stopped."""
    return copied(initialized, tmp_path / "data")
