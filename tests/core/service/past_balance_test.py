"""A balance of the past over HTTP; without `as_of`, the balance is what it always was."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from httpx import Client
from pydantic import SecretStr

from core.service.sample_requests import assert_unavailable, nothing_was_written, post
from core.settings.groups import DatabaseSettings
from core.testing.databases import execute, held
from core.testing.threaded_service import assert_problem, served
from core.testing.waiting import until
from sample.ledger import LEDGER


def as_of(client: Client, time: str, owner_id: str = "ann") -> Any:
    response = client.get(f"/ledger/{owner_id}?as_of={time}")
    assert response.status_code == 200, response.text
    return response.json()


def test_it_is_the_balance_after_the_last_entry_that_is_not_later(client: Client) -> None:
    first, second = (post(client, "ann", nonce, "CREDIT_ADD").json() for nonce in ("1", "2"))
    for entry, balance in ((first, 10), (second, 20)):
        assert as_of(client, entry["created_on"]) == {
            "owner_id": "ann",
            "balance": balance,
            "as_of": entry["created_on"],
            "entry_id": entry["id"],
        }
    time = datetime.fromisoformat(first["created_on"].replace("Z", "+00:00"))
    before = time - timedelta(microseconds=1)
    found = as_of(client, before.isoformat().replace("+00:00", "Z"))
    assert (found["balance"], found["entry_id"]) == (0, None)
    later = (time + timedelta(hours=1)).isoformat().replace("+00:00", "")
    assert as_of(client, f"{later}+01:00") == as_of(client, f"{later}%2B01:00")
    assert as_of(client, f"{later}+01:00")["entry_id"] == first["id"]


def test_the_time_is_shown_in_utc(client: Client) -> None:
    found = as_of(client, "2025-11-25T10:00:00+01:00", "nobody")
    assert found == {
        "owner_id": "nobody",
        "balance": 0,
        "as_of": "2025-11-25T09:00:00Z",
        "entry_id": None,
    }


def test_nothing_is_remembered_of_an_unknown_owner(client: Client, shared_url: SecretStr) -> None:
    as_of(client, "2025-11-25T10:00:00Z", "nobody")
    assert nothing_was_written(shared_url)


@pytest.mark.parametrize("query", ["", "?", "?unknown=1", "?as_off=2025-11-25T10:00:00Z"])
def test_the_current_balance_is_without_a_time(client: Client, query: str) -> None:
    post(client, "ann", "1", "CREDIT_ADD")
    assert client.get(f"/ledger/ann{query}").content == b'{"owner_id":"ann","balance":10}'


@pytest.mark.parametrize("time", ["", "2025-11-25T10:00:00", "2025-11-25", "now", "%FF"])
def test_a_time_without_an_offset_is_refused(client: Client, time: str) -> None:
    problem = assert_problem(client.get(f"/ledger/ann?as_of={time}"), 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == ["query.as_of"]
    assert "offset" in problem["errors"][0]["message"]


def test_a_time_in_the_future_is_refused(client: Client) -> None:
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    for time in (tomorrow.isoformat(), "9899-12-31T23:59:59-23:59"):
        problem = assert_problem(client.get(f"/ledger/ann?as_of={time}"), 422, "invalid_request")
        assert problem["errors"] == [
            {
                "field": "query.as_of",
                "message": "must be in the past, by the clock of the database",
            }
        ]


def test_a_locked_owner_is_busy_and_nobody_else_waits(url: SecretStr) -> None:
    settings = DatabaseSettings(database_url=url, lock_timeout=0.3)
    with served(LEDGER, settings) as client:
        post(client, "ann", "1")
        [(time,)] = execute(url, "SELECT clock_timestamp()")
        query = f"as_of={time.isoformat()}"
        with held(url, "sample", "ann"):
            assert_unavailable(client.get(f"/ledger/ann?{query}"), "owner_busy")
            assert as_of(client, time.isoformat(), "bob")["balance"] == 0
            assert client.get("/ledger/ann").json()["balance"] == 1
            assert len(client.get("/ledger/ann/entries").json()["entries"]) == 1
        assert as_of(client, time.isoformat())["balance"] == 1


def test_balances_and_posts_do_not_wait_while_all_of_the_historys_connections_do(
    url: SecretStr,
) -> None:
    settings = DatabaseSettings(database_url=url, lock_timeout=60, statement_timeout=60)
    with served(LEDGER, settings) as client, ThreadPoolExecutor(6) as pool:
        post(client, "ann", "1")
        [(time,)] = execute(url, "SELECT clock_timestamp()")
        with held(url, "sample", "ann"):
            waiting = [pool.submit(as_of, client, time.isoformat()) for _ in range(6)]
            blocked = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
            until(lambda: execute(url, blocked) == [(4,)], "four connections are not waiting")
            assert client.get("/ledger/ann").json()["balance"] == 1
            assert post(client, "bob", "1").status_code == 201
            assert not any(each.done() for each in waiting)
        assert [each.result()["balance"] for each in waiting] == [1] * 6
