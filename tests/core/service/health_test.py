"""What a service tells its orchestrator."""

from pydantic import SecretStr

from core.settings.groups import DatabaseSettings
from core.testing.databases import Databases
from core.testing.threaded_service import served
from sample.ledger import LEDGER


def settings(url: SecretStr) -> DatabaseSettings:
    return DatabaseSettings(database_url=url)


def test_alive_and_ready(databases: Databases) -> None:
    with served(LEDGER, settings(databases.migrated("sample"))) as client:
        assert client.get("/healthz").json() == {"status": "alive"}
        assert client.get("/readyz").json() == {"status": "ready"}


def test_without_its_database_it_is_alive_but_not_ready() -> None:
    with served(LEDGER, settings(SecretStr("postgresql:///db?host=/nowhere"))) as client:
        assert client.get("/healthz").status_code == 200
        response = client.get("/readyz")
        assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")


def test_a_database_without_migrations_is_not_ready(databases: Databases) -> None:
    with served(LEDGER, settings(databases.empty())) as client:
        response = client.get("/readyz")
        assert (response.status_code, response.json()["code"]) == (503, "database_not_migrated")
        assert "./pants run src/python/apps/sample:service -- migrate" in response.json()["detail"]
        body = {"owner_id": "ann", "operation": "CREDIT_ADD", "nonce": "1"}
        assert client.post("/ledger", json=body).status_code == 503
