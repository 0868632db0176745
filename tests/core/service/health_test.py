"""Liveness and readiness, as an orchestrator sees them."""

from pydantic import SecretStr

from core.service.sample_requests import UNREACHABLE, assert_unavailable, post
from core.settings.groups import DatabaseSettings
from core.testing.databases import Databases
from core.testing.threaded_service import served
from sample.ledger import LEDGER


def test_a_service_with_its_database_is_alive_and_ready(url: SecretStr) -> None:
    with served(LEDGER, DatabaseSettings(database_url=url)) as client:
        assert client.get("/healthz").json() == {"status": "alive"}
        assert client.get("/readyz").json() == {"status": "ready"}


def test_a_service_without_its_database_is_alive_but_not_ready() -> None:
    with served(LEDGER, UNREACHABLE) as client:
        assert client.get("/healthz").status_code == 200
        assert_unavailable(client.get("/readyz"))


def test_a_service_whose_database_is_not_migrated_is_not_ready(databases: Databases) -> None:
    with served(LEDGER, DatabaseSettings(database_url=databases.empty())) as client:
        problem = assert_unavailable(client.get("/readyz"), "database_not_migrated")
        assert "./pants run src/python/apps/sample:service -- migrate" in problem["detail"]
        assert post(client, "ann", "1", "CREDIT_ADD").status_code == 503
