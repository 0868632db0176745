"""Fixtures of the service's tests: databases of the sample ledger, and a client of its service."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx import Client
from pydantic import SecretStr

from core.embedded.postgresql_server import postgresql
from core.migrations import revisions
from core.settings.groups import DatabaseSettings
from core.testing.databases import Databases, delete_all_entries
from core.testing.threaded_service import served
from sample.ledger import LEDGER


@pytest.fixture
def url(databases: Databases) -> SecretStr:
    """A new database with the sample's migrations, for one test."""
    return databases.migrated("sample")


@pytest.fixture(scope="module")
def shared_url(databases: Databases) -> SecretStr:
    """The database behind `client`. All tests of a module share it."""
    return databases.migrated("sample")


@pytest.fixture(scope="module")
def shared_client(shared_url: SecretStr) -> Iterator[Client]:
    # On a slow machine, a batch of the longest identifiers takes more than the default timeout.
    settings = DatabaseSettings(database_url=shared_url, statement_timeout=60)
    with served(LEDGER, settings) as client:
        yield client


@pytest.fixture
def client(shared_client: Client, shared_url: SecretStr) -> Client:
    """A client of a running service, whose ledger is empty when the test begins."""
    delete_all_entries(shared_url, "sample")
    return shared_client


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a stopped server whose database is migrated."""
    data = tmp_path_factory.mktemp("migrated") / "data"
    with postgresql(data) as url:
        revisions.upgrade("sample", url)
    return data
