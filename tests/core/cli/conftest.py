"""A data folder for the tests that are not about initdb, which runs once for all of them."""

from pathlib import Path

import pytest

from core.embedded import copied_data
from core.embedded.copied_data import copied


@pytest.fixture(scope="session")
def initialized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an empty server, for tests to copy."""
    return copied_data.initialized(tmp_path_factory.mktemp("initialized") / "postgresql")


@pytest.fixture
def data_dir(tmp_path: Path, initialized: Path) -> str:
    """A DATA_DIR in which the sample has an empty server."""
    (tmp_path / "data/sample").mkdir(parents=True)
    copied(initialized, tmp_path / "data/sample/postgresql")
    return str(tmp_path / "data")
