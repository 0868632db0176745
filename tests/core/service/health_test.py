"""What a service tells its orchestrator."""

from pydantic import SecretStr

from sample.ledger import LEDGER
from core.settings import Settings
from core.testing.databases import Databases
from core.testing.serving import served


def settings(url: str) -> Settings:
    return Settings(database_url=SecretStr(url))


def test_alive_and_ready(databases: Databases) -> None:
    with served(LEDGER, settings(databases.migrated("sample"))) as client:
        assert client.get("/healthz").json() == {"status": "alive"}
        assert client.get("/readyz").json() == {"status": "ready"}


def test_without_its_database_it_is_alive_but_not_ready() -> None:
    with served(LEDGER, settings("postgresql:///db?host=/nowhere")) as client:
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
