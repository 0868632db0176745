"""The HTTP contract of single posts and of balances: what a client may rely on."""

import json
from urllib.parse import quote

import pytest
from httpx import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from core.ledgers.identifiers import MAX_LENGTH, UNREADABLE_OWNERS
from core.ledgers.posting import MAX_BALANCE
from core.service.sample_requests import (
    UNREACHABLE,
    assert_unavailable,
    entry,
    nothing_was_written,
    post,
    post_batch,
    posted_keys,
    send,
)
from core.settings.groups import DatabaseSettings
from core.storage.store import LedgerStore
from core.testing.databases import execute
from core.testing.threaded_service import assert_problem, served
from sample.ledger import LEDGER

VALID = entry("ann", "1", "CREDIT_ADD")


def test_a_post_returns_the_entry_and_the_new_balance(client: Client) -> None:
    response = post(client, "ann", "1", "BOOKING_REWARD")
    assert response.status_code == 201
    posted = response.json()
    assert posted.pop("created_on").endswith("Z")
    assert posted == {
        "id": 1,
        "operation": "BOOKING_REWARD",
        "amount": 5,
        "nonce": "1",
        "owner_id": "ann",
        "balance": 5,
    }
    assert client.get("/ledger/ann").json() == {"owner_id": "ann", "balance": 5}


def test_an_unknown_owner_has_a_balance_of_zero(client: Client) -> None:
    response = client.get("/ledger/nobody")
    assert (response.status_code, response.json()) == (200, {"owner_id": "nobody", "balance": 0})


def test_a_retry_gets_409_with_the_original_entry(client: Client) -> None:
    first = post(client, "ann", "1", "CREDIT_ADD").json()
    problem = assert_problem(post(client, "ann", "1", "CREDIT_ADD"), 409, "duplicate_nonce")
    assert problem["detail"].startswith("Duplicate transaction: ")
    assert {**problem["entry"], "balance": 10} == first
    assert client.get("/ledger/ann").json()["balance"] == 10


def test_reusing_a_nonce_for_another_operation_has_its_own_error_code(client: Client) -> None:
    post(client, "ann", "1", "CREDIT_ADD")
    problem = assert_problem(post(client, "ann", "1", "DAILY_REWARD"), 409, "nonce_reused")
    assert problem["entry"]["operation"] == "CREDIT_ADD"
    assert problem["detail"] == (
        f"Duplicate transaction: entry {problem['entry']['id']} already has the nonce '1', "
        f"with another operation "
        "(CREDIT_ADD); use a new nonce for another post"
    )


def test_a_spend_beyond_the_balance_is_refused(client: Client, shared_url: SecretStr) -> None:
    problem = assert_problem(post(client, "ann", "1", "CREDIT_SPEND"), 400, "insufficient_balance")
    assert problem["detail"].startswith("Insufficient balance: ")
    assert (problem["balance"], problem["amount"]) == (0, -1)
    assert nothing_was_written(shared_url)


def test_a_balance_beyond_what_can_be_stored_is_refused(
    client: Client, shared_url: SecretStr
) -> None:
    execute(shared_url, f"INSERT INTO sample.ledger_balance VALUES ('ann', {MAX_BALANCE - 9})")
    problem = assert_problem(post(client, "ann", "1", "CREDIT_ADD"), 400, "balance_limit")
    assert problem["detail"].startswith("Balance limit: ")
    assert (problem["balance"], problem["amount"]) == (MAX_BALANCE - 9, 10)
    assert post(client, "ann", "2", "BOOKING_REWARD").json()["balance"] == MAX_BALANCE - 4
    entries = [entry("bob", "1"), entry("ann", "1", "CREDIT_ADD")]
    together = assert_problem(post_batch(client, entries), 400, "balance_limit")
    assert (together["index"], together["balance"]) == (1, MAX_BALANCE - 4)
    apart = post_batch(client, [*entries, entry("ann", "3")], atomic=False).json()["outcomes"]
    assert [outcome["status"] for outcome in apart] == [201, 400, 201]
    assert apart[1]["body"]["code"] == "balance_limit"
    assert posted_keys(shared_url) == [("ann", "2"), ("bob", "1"), ("ann", "3")]


def test_unknown_fields_are_ignored(client: Client) -> None:
    assert post(client, "ann", "1", "CREDIT_ADD", amount=1_000_000).json()["amount"] == 10


def test_a_trailing_slash_is_accepted_without_a_redirect(client: Client) -> None:
    assert client.post("/ledger/", json=VALID, follow_redirects=False).status_code == 201
    assert client.get("/ledger/ann/", follow_redirects=False).json()["balance"] == 10


@pytest.mark.parametrize(
    "field, value",
    [
        *((field, value) for field in ("owner_id", "nonce") for value in ("", "x" * 256, "a\0b")),
        *((field, "a\ud800") for field in ("owner_id", "nonce", "operation")),
        *(
            (field, value)
            for field in ("owner_id", "nonce", "operation")
            for value in (None, 5, 1.5, True, ["ann"], {"a": 1})
        ),
        ("owner_id", "."),
        ("owner_id", ".."),
        ("operation", ""),
        ("operation", "UNKNOWN"),
        ("operation", "booking_reward"),
        ("operation", "CONTENT_CREATION"),  # an operation of another app
    ],
)
def test_an_invalid_value_is_refused_and_nothing_is_written(
    client: Client, shared_url: SecretStr, field: str, value: object
) -> None:
    response = send(client, "/ledger", json.dumps({**VALID, field: value}))
    problem = assert_problem(response, 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [f"body.{field}"]
    assert nothing_was_written(shared_url)


@pytest.mark.parametrize("field", VALID)
def test_the_error_names_a_missing_field(client: Client, shared_url: SecretStr, field: str) -> None:
    body = {name: value for name, value in VALID.items() if name != field}
    problem = assert_problem(client.post("/ledger", json=body), 422, "invalid_request")
    assert problem["errors"] == [{"field": f"body.{field}", "message": "Field required"}]
    assert nothing_was_written(shared_url)


@pytest.mark.parametrize(
    "path, status, code",
    [
        ("/ledger/", 422, "invalid_request"),
        ("/ledger/" + "x" * 256, 422, "invalid_request"),
        ("/ledger/a%00b", 422, "invalid_request"),
        ("/ledger/%FF", 422, "invalid_request"),
        ("/ledger/%ED%A0%80", 422, "invalid_request"),
        ("/ledger/%2E%2E", 422, "invalid_request"),
        ("/ledger/ann/others", 404, "not_found"),
        ("/nothing", 404, "not_found"),
        ("/ledger", 405, "method_not_allowed"),
    ],
)
def test_an_invalid_path_is_refused(client: Client, path: str, status: int, code: str) -> None:
    assert_problem(client.get(path), status, code)


valid_owner_ids = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    min_size=1,
    max_size=MAX_LENGTH,
).filter(lambda owner_id: owner_id not in UNREADABLE_OWNERS)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(valid_owner_ids)
def test_every_owner_that_can_be_posted_to_can_be_read(client: Client, owner_id: str) -> None:
    posted = post(client, owner_id, "1", "CREDIT_ADD")
    assert posted.status_code in (201, 409)
    response = client.get(f"/ledger/{quote(owner_id, safe='')}")
    assert response.json() == {"owner_id": owner_id, "balance": 10}


def test_requests_get_503_while_the_database_is_unreachable() -> None:
    with served(LEDGER, UNREACHABLE) as client:
        for response in (client.post("/ledger", json=VALID), client.get("/ledger/ann")):
            assert_unavailable(response)
            assert "secret" not in response.text


def test_an_unexpected_exception_becomes_a_problem_document(
    shared_url: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(LedgerStore, "balances", broken)
    with served(LEDGER, DatabaseSettings(database_url=shared_url)) as client:
        assert_problem(client.get("/ledger/ann"), 500, "internal_error")
