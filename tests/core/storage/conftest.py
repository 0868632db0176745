"""Fixtures of the storage's tests."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from core.storage.connections import connect
from core.testing.databases import Databases
from core.testing.unreliable_proxy import UnreliableProxy, proxied


@pytest.fixture
def url(databases: Databases) -> SecretStr:
    """A new database with the sample's migrations."""
    return databases.migrated("sample")


@pytest.fixture
def engine(url: SecretStr) -> Iterator[Engine]:
    """An engine for that database."""
    engine = connect(url)
    yield engine
    engine.dispose()


@pytest.fixture
def empty_url(databases: Databases) -> SecretStr:
    """A new database with nothing in it."""
    return databases.empty()


@pytest.fixture
def proxy_and_url(empty_url: SecretStr) -> Iterator[tuple[UnreliableProxy, SecretStr]]:
    """A proxy before a new database, and the URL that goes through it."""
    with proxied(empty_url) as proxy_and_url:
        yield proxy_and_url
