"""pytest fixtures for every test of the workspace. A conftest.py names this as a plugin."""

from collections.abc import Iterator

import pytest

from core.testing.databases import Databases, throwaway_server


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """A PostgreSQL server for this test process, without durability, which tests do not need."""
    with throwaway_server() as server:
        yield server
