"""The pytest fixtures that all tests share. A conftest.py lists this module in pytest_plugins."""

from collections.abc import Iterator

import pytest

from core.testing.databases import Databases, throwaway_databases


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """A PostgreSQL server for this test process. It is not durable, which makes it faster."""
    with throwaway_databases() as server:
        yield server
