"""Fixtures of the client's tests: a service of the sample's ledger, and clients of it."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from core.client.ledger_client import LedgerClient
from core.settings.groups import DatabaseSettings
from core.testing.databases import Databases
from core.testing.threaded_service import served
from sample.limited_ledger import LIMITED_LEDGER
from sample.operations import SampleOperation


@pytest.fixture(scope="session", autouse=True)
def no_certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hides the installed certificate authorities, which every client would spend time loading."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("no certificates")))
        yield


@pytest.fixture(scope="module")
def database(databases: Databases) -> SecretStr:
    """The database of the tests of a module, which use owners of their own."""
    return databases.migrated("sample")


@pytest.fixture(scope="module")
def address(database: SecretStr) -> Iterator[str]:
    """The URL of a running service of the ledger with limits."""
    with served(LIMITED_LEDGER, DatabaseSettings(database_url=database)) as running:
        yield str(running.base_url)


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[LedgerClient[SampleOperation]]:
    with LedgerClient(address, operations=SampleOperation) as made:
        yield made
