"""The HTTP contract: what a client may rely on."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from httpx import Client, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from core.ledgers.identifiers import MAX_LENGTH, UNREADABLE_OWNERS
from core.settings.groups import DatabaseSettings
from core.storage.store import LedgerStore
from core.testing.databases import Databases, execute
from core.testing.threaded_service import assert_problem, served
from sample.ledger import LEDGER

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def url(databases: Databases) -> SecretStr:
    return databases.migrated("sample")


@pytest.fixture(scope="module")
def shared_client(url: SecretStr) -> Iterator[Client]:
    with served(LEDGER, DatabaseSettings(database_url=url)) as client:
        yield client


@pytest.fixture
def client(shared_client: Client, url: SecretStr) -> Client:
    execute(url, "TRUNCATE sample.ledger_entry, sample.ledger_balance RESTART IDENTITY")
    return shared_client


def post(client: Client, owner_id: str, operation: str, nonce: str, **more: Any) -> Response:
    body = {"owner_id": owner_id, "operation": operation, "nonce": nonce, **more}
    return client.post("/ledger", content=json.dumps(body), headers=JSON)


def nothing_was_written(url: SecretStr) -> bool:
    tables = ("ledger_entry", "ledger_balance")
    return all(execute(url, f"SELECT count(*) FROM sample.{table}") == [(0,)] for table in tables)


def test_a_post_answers_with_the_entry_and_the_balance(client: Client) -> None:
    response = post(client, "ann", "BOOKING_REWARD", "1")
    assert response.status_code == 201
    entry = response.json()
    assert entry.pop("created_on").endswith("Z")
    assert entry == {
        "id": 1,
        "operation": "BOOKING_REWARD",
        "amount": 5,
        "nonce": "1",
        "owner_id": "ann",
        "balance": 5,
    }
    assert client.get("/ledger/ann").json() == {"owner_id": "ann", "balance": 5}


def test_an_unknown_owner_has_nothing(client: Client) -> None:
    response = client.get("/ledger/nobody")
    assert (response.status_code, response.json()) == (200, {"owner_id": "nobody", "balance": 0})


def test_a_retry_is_a_duplicate_with_the_original_entry(client: Client) -> None:
    first = post(client, "ann", "CREDIT_ADD", "1").json()
    problem = assert_problem(post(client, "ann", "CREDIT_ADD", "1"), 409, "duplicate_nonce")
    assert problem["detail"].startswith("Duplicate transaction: ")
    assert {**problem["entry"], "balance": 10} == first
    assert client.get("/ledger/ann").json()["balance"] == 10


def test_a_nonce_reused_for_another_operation_is_another_error(client: Client) -> None:
    post(client, "ann", "CREDIT_ADD", "1")
    problem = assert_problem(post(client, "ann", "DAILY_REWARD", "1"), 409, "nonce_reused")
    assert problem["entry"]["operation"] == "CREDIT_ADD"
    assert problem["detail"].startswith("Duplicate transaction: ")


def test_a_spend_beyond_the_balance(client: Client, url: SecretStr) -> None:
    problem = assert_problem(post(client, "ann", "CREDIT_SPEND", "1"), 400, "insufficient_balance")
    assert problem["detail"].startswith("Insufficient balance: ")
    assert (problem["balance"], problem["amount"]) == (0, -1)
    assert nothing_was_written(url)


def test_unknown_fields_are_ignored(client: Client) -> None:
    assert post(client, "ann", "CREDIT_ADD", "1", amount=1_000_000).json()["amount"] == 10


def test_a_trailing_slash_is_no_redirect(client: Client) -> None:
    body = {"owner_id": "ann", "operation": "CREDIT_ADD", "nonce": "1"}
    assert client.post("/ledger/", json=body, follow_redirects=False).status_code == 201
    assert client.get("/ledger/ann/", follow_redirects=False).json()["balance"] == 10


GOOD = {"owner_id": "ann", "operation": "CREDIT_ADD", "nonce": "1"}


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
        ("operation", "CONTENT_CREATION"),  # another app's
    ],
)
def test_a_bad_value_is_refused_and_writes_nothing(
    client: Client, url: SecretStr, field: str, value: object
) -> None:
    body = json.dumps({**GOOD, field: value})
    problem = assert_problem(
        client.post("/ledger", content=body, headers=JSON), 422, "invalid_request"
    )
    assert [error["field"] for error in problem["errors"]] == [f"body.{field}"]
    assert nothing_was_written(url)


@pytest.mark.parametrize("field", GOOD)
def test_a_missing_field_is_named(client: Client, url: SecretStr, field: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != field}
    problem = assert_problem(client.post("/ledger", json=body), 422, "invalid_request")
    assert problem["errors"] == [{"field": f"body.{field}", "message": "Field required"}]
    assert nothing_was_written(url)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe{}",
        b'{"owner_id": "\xff"}',
        b'{"owner_id": NaN}',
        b"[" * 50_000,
    ],
)
def test_a_malformed_body_is_refused(client: Client, url: SecretStr, body: bytes) -> None:
    assert_problem(client.post("/ledger", content=body, headers=JSON), 422, "invalid_request")
    assert nothing_was_written(url)


def test_another_content_type_is_refused(client: Client, url: SecretStr) -> None:
    body = json.dumps(GOOD)
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        response = client.post("/ledger", content=body, headers={"Content-Type": content_type})
        assert_problem(response, 422, "invalid_request")
    assert nothing_was_written(url)


def test_a_body_over_64_kib_is_refused(client: Client, url: SecretStr) -> None:
    def body(size: int) -> bytes:
        empty = len(json.dumps({**GOOD, "more": ""}))
        return json.dumps({**GOOD, "more": "x" * (size - empty)}).encode()

    too_large = body(64 * 1024 + 1)
    chunks = (too_large[start : start + 1000] for start in range(0, len(too_large), 1000))
    for content in (too_large, chunks):
        response = client.post("/ledger", content=content, headers=JSON)
        assert_problem(response, 413, "content_too_large")
    assert nothing_was_written(url)
    assert client.post("/ledger", content=body(64 * 1024), headers=JSON).status_code == 201


@pytest.mark.parametrize(
    "path, status, code",
    [
        ("/ledger/", 422, "invalid_request"),
        ("/ledger/" + "x" * 256, 422, "invalid_request"),
        ("/ledger/a%00b", 422, "invalid_request"),
        ("/ledger/%FF", 422, "invalid_request"),
        ("/ledger/%ED%A0%80", 422, "invalid_request"),
        ("/ledger/%2E%2E", 422, "invalid_request"),
        ("/ledger/ann/entries", 404, "not_found"),
        ("/nothing", 404, "not_found"),
        ("/ledger", 405, "method_not_allowed"),
    ],
)
def test_a_bad_path_is_refused(client: Client, path: str, status: int, code: str) -> None:
    assert_problem(client.get(path), status, code)


storable_owners = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    min_size=1,
    max_size=MAX_LENGTH,
).filter(lambda owner_id: owner_id not in UNREADABLE_OWNERS)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(storable_owners)
def test_every_owner_that_can_be_posted_can_be_read(client: Client, owner_id: str) -> None:
    outcome = post(client, owner_id, "CREDIT_ADD", "1")
    assert outcome.status_code in (201, 409)
    response = client.get(f"/ledger/{quote(owner_id, safe='')}")
    assert response.json() == {"owner_id": owner_id, "balance": 10}


def test_an_unreachable_database_is_unavailable_never_a_success() -> None:
    settings = DatabaseSettings(database_url=SecretStr("postgresql://me:secret@/db?host=/nowhere"))
    with served(LEDGER, settings) as client:
        for response in (client.post("/ledger", json=GOOD), client.get("/ledger/ann")):
            assert_problem(response, 503, "database_unavailable")
            assert int(response.headers["retry-after"]) > 0
            assert "secret" not in response.text


def test_a_defect_is_a_problem_document_too(
    url: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(LedgerStore, "balances", broken)
    with served(LEDGER, DatabaseSettings(database_url=url)) as client:
        assert_problem(client.get("/ledger/ann"), 500, "internal_error")
