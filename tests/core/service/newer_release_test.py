"""A service answers every request while a newer release, with more operations, posts as well."""

from collections.abc import Iterator

import pytest
from httpx import Client
from pydantic import SecretStr

from core.ledgers.outcomes import NewerEntry
from core.service.sample_requests import assert_consistent, entry, post, post_batch
from core.settings.groups import DatabaseSettings
from core.testing.blocking_store import blocking_store
from core.testing.databases import execute
from core.testing.service_process import service
from core.testing.threaded_service import assert_problem, served
from sample.ledger import LEDGER


@pytest.fixture
def client(url: SecretStr) -> Iterator[Client]:
    """A client of an old release, beside which a newer one has posted `FUTURE` for ann."""
    with served(LEDGER, DatabaseSettings(database_url=url)) as client:
        assert post(client, "ann", "old", "CREDIT_ADD").status_code == 201
        execute(url, "ALTER TYPE sample.ledger_operation ADD VALUE 'FUTURE'")
        execute(
            url,
            "UPDATE sample.alembic_version_sample SET version_num = 'newer';"
            "INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)"
            " VALUES ('FUTURE', 7, 'new', 'ann');"
            "UPDATE sample.ledger_balance SET balance = balance + 7 WHERE owner_id = 'ann'",
        )
        yield client
    assert_consistent(url)


def test_it_starts_as_in_a_rollback_and_says_why_it_may_lack_something(
    url: SecretStr, capfd: pytest.CaptureFixture[str]
) -> None:
    execute(url, "ALTER TYPE sample.ledger_operation ADD VALUE 'FUTURE'")
    execute(url, "UPDATE sample.alembic_version_sample SET version_num = 'newer'")
    with service("sample.service", DATABASE_URL=url) as running:
        assert post(running.client, "ann", "1").status_code == 201
        assert running.client.get("/readyz").status_code == 200
    [warning] = [line for line in capfd.readouterr().err.splitlines() if "WARNING" in line]
    assert warning.endswith("A newer release has migrated the database to revision newer")


def test_it_is_ready_reads_and_posts(client: Client) -> None:
    assert client.get("/readyz").status_code == 200
    assert client.get("/ledger/ann").json()["balance"] == 17
    assert post(client, "ann", "next").json()["balance"] == 18


def test_a_nonce_that_the_newer_release_has_used(client: Client) -> None:
    problem = assert_problem(post(client, "ann", "new"), 409, "nonce_reused")
    assert "(FUTURE)" in problem["detail"]
    assert problem["entry"]["operation"] == "FUTURE"
    assert problem["entry"]["amount"] == 7
    assert set(problem["entry"]) == {"id", "operation", "amount", "nonce", "owner_id", "created_on"}


def test_a_batch_with_that_nonce(client: Client) -> None:
    entries = [entry("ann", "other"), entry("bob", "first"), entry("ann", "new")]
    problem = assert_problem(post_batch(client, entries), 409, "nonce_reused")
    assert problem["index"] == 2 and problem["entry"]["operation"] == "FUTURE"
    outcomes = post_batch(client, entries, atomic=False).json()["outcomes"]
    assert [outcome["status"] for outcome in outcomes] == [201, 201, 409]
    assert outcomes[2]["body"]["entry"]["operation"] == "FUTURE"


def test_an_atomic_batch_of_that_nonce_alone(client: Client) -> None:
    problem = assert_problem(post_batch(client, [entry("ann", "new")]), 409, "nonce_reused")
    assert problem["index"] == 0 and problem["entry"]["operation"] == "FUTURE"


def test_the_history_shows_its_operation_as_a_string(client: Client) -> None:
    new, old = client.get("/ledger/ann/entries").json()["entries"]
    assert (new["operation"], new["amount"], new["balance"]) == ("FUTURE", 7, 17)
    assert (old["operation"], old["balance"]) == ("CREDIT_ADD", 10)
    assert client.get("/ledger/ann/entries/new").json() == {**new, "owner_id": "ann"}
    found = client.get("/ledger/ann/entries?operation=CREDIT_ADD").json()["entries"]
    assert found == [old]
    response = client.get("/ledger/ann/entries?operation=FUTURE")
    assert_problem(response, 422, "invalid_request")


def test_a_list_of_entries(client: Client, url: SecretStr) -> None:
    with blocking_store(LEDGER, url) as store:
        old, new = store.entries("ann")
        assert not isinstance(old, NewerEntry) and old.nonce == "old"
        assert isinstance(new, NewerEntry) and (new.operation, new.amount) == ("FUTURE", 7)
