"""Over HTTP, an operation whose limit is reached gets 409 until the period ends."""

from collections.abc import Iterator

import pytest
from httpx import Client
from pydantic import SecretStr

from core.ledgers.errors import ConfigurationError
from core.ledgers.ledger import Ledger, at_most, once, once_per
from core.ledgers.limits import Limit
from core.migrations.readiness import require_ready
from core.service.sample_requests import (
    assert_consistent,
    assert_unavailable,
    entry,
    post,
    post_batch,
)
from core.settings.groups import DatabaseSettings
from core.testing.databases import execute
from core.testing.threaded_service import assert_problem, served
from sample.operations import SampleOperation as Operation


def ledger_of(limits: dict[Operation, Limit]) -> Ledger[Operation]:
    return Ledger(
        name="sample",
        operations=Operation,
        amounts={Operation.BOOKING_REWARD: 5},
        limits=limits,
    )


@pytest.fixture
def client(url: SecretStr) -> Iterator[Client]:
    limits = {
        Operation.SIGNUP_CREDIT: once(),
        Operation.BOOKING_REWARD: at_most(2, per="month", timezone="Europe/Berlin"),
    }
    with served(ledger_of(limits), DatabaseSettings(database_url=url)) as client:
        yield client
    assert_consistent(url)


def test_the_answer_has_the_latest_entry_and_when_the_next_period_begins(client: Client) -> None:
    assert post(client, "ann", "1", "BOOKING_REWARD").status_code == 201
    latest = post(client, "ann", "2", "BOOKING_REWARD").json()
    problem = assert_problem(post(client, "ann", "3", "BOOKING_REWARD"), 409, "limit_reached")
    assert {**problem["entry"], "balance": 10} == latest
    assert (problem["operation"], problem["allowed"]) == ("BOOKING_REWARD", 2)
    assert problem["resets_at"].endswith(("T22:00:00Z", "T23:00:00Z"))
    assert problem["resets_at"] > latest["created_on"]
    assert problem["detail"] == (
        "Limit reached: BOOKING_REWARD is posted at most 2 times a month (Europe/Berlin); the next "
        f"month begins at {problem['resets_at'].replace('Z', '+00:00')}"
    )
    assert post(client, "ann", "3", "CREDIT_ADD").status_code == 201  # the nonce is unused


def test_once_never_resets(client: Client) -> None:
    assert post(client, "ann", "1", "SIGNUP_CREDIT").status_code == 201
    problem = assert_problem(post(client, "ann", "2", "SIGNUP_CREDIT"), 409, "limit_reached")
    assert problem["resets_at"] is None
    assert problem["detail"] == "Limit reached: SIGNUP_CREDIT is posted at most once"
    assert_problem(post(client, "ann", "1", "SIGNUP_CREDIT"), 409, "duplicate_nonce")


def test_a_batch_says_which_entry_exceeds_the_limit(client: Client) -> None:
    entries = [entry("ann", str(number), "BOOKING_REWARD") for number in range(3)]
    problem = assert_problem(post_batch(client, entries), 409, "limit_reached")
    assert (problem["index"], problem["entry"]) == (2, None)
    outcomes = post_batch(client, entries, atomic=False).json()["outcomes"]
    assert [outcome["status"] for outcome in outcomes] == [201, 201, 409]
    assert outcomes[2]["body"]["code"] == "limit_reached"
    assert outcomes[2]["body"]["entry"]["nonce"] == "1"


def test_a_client_can_ask_how_often_each_limit_was_used(client: Client) -> None:
    assert post(client, "a/b", "1", "BOOKING_REWARD").status_code == 201
    assert post(client, "a/b", "2", "SIGNUP_CREDIT").status_code == 201
    read = client.get("/ledger/a%2Fb/limits/")
    assert read.status_code == 200
    signup, booking = read.json()["limits"]
    assert signup == {
        "operation": "SIGNUP_CREDIT",
        "used": 1,
        "allowed": 1,
        "resets_at": None,
    }
    assert booking["resets_at"].endswith(("T22:00:00Z", "T23:00:00Z"))
    assert (booking["used"], booking["allowed"]) == (1, 2)
    unused = client.get("/ledger/nobody/limits").json()
    assert unused["owner_id"] == "nobody"
    assert [limit["used"] for limit in unused["limits"]] == [0, 0]
    assert client.head("/ledger/nobody/limits").status_code == 200
    assert_problem(client.get("/ledger/%00/limits"), 422, "invalid_request")


def test_a_ledger_without_limits_has_none_to_show(url: SecretStr) -> None:
    with served(ledger_of({}), DatabaseSettings(database_url=url)) as unlimited:
        assert unlimited.get("/ledger/ann/limits").json() == {"owner_id": "ann", "limits": []}


def test_a_limited_post_fails_and_readiness_says_so_if_the_uses_cannot_be_recorded(
    client: Client, url: SecretStr
) -> None:
    assert client.get("/readyz").status_code == 200
    execute(url, "ALTER TABLE sample.ledger_limit_use RENAME TO other")
    assert_unavailable(client.get("/readyz"), "database_not_migrated")
    assert_unavailable(post(client, "ann", "1", "SIGNUP_CREDIT"), "database_not_migrated")
    execute(url, "ALTER TABLE sample.other RENAME TO ledger_limit_use")
    assert client.get("/readyz").status_code == 200
    assert post(client, "ann", "2", "SIGNUP_CREDIT").status_code == 201


def test_a_role_that_may_not_record_uses_is_not_ready(url: SecretStr) -> None:
    execute(
        url,
        "CREATE ROLE of_old_release LOGIN;"
        "GRANT USAGE ON SCHEMA sample TO of_old_release;"
        "GRANT SELECT, INSERT, UPDATE ON sample.ledger_entry, sample.ledger_balance,"
        " sample.alembic_version_sample TO of_old_release",
    )
    of_role = SecretStr(url.get_secret_value().replace("postgres@", "of_old_release@"))
    settings = DatabaseSettings(database_url=of_role)
    with served(ledger_of({Operation.SIGNUP_CREDIT: once()}), settings) as limited:
        problem = assert_unavailable(limited.get("/readyz"), "database_access_denied")
        assert "ledger_limit_use" in problem["detail"]
    with served(ledger_of({}), settings) as unlimited:
        assert unlimited.get("/readyz").status_code == 200
        assert post(unlimited, "ann", "1").status_code == 201
    execute(url, "DROP OWNED BY of_old_release; DROP ROLE of_old_release")


def test_a_time_zone_that_postgresql_does_not_know_is_reported_at_the_start(
    url: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.ledgers.limits._known_timezones", set)  # a system without any
    daily = once_per("day", timezone="Europe/Atlantis")  # type: ignore[ledger-operation]
    ledger = ledger_of({Operation.SIGNUP_CREDIT: daily})
    with pytest.raises(ConfigurationError, match="does not know the time zone 'Europe/Atlantis'"):
        require_ready(ledger, url)
