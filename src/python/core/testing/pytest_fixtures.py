"""pytest fixtures for every test of the workspace. A conftest.py names this as a plugin."""

from collections.abc import Iterator

import pytest

from core.testing.databases import Databases, throwaway_databases


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """A PostgreSQL server for this test process, without durability, which tests do not need."""
    with throwaway_databases() as server:
        yield server
