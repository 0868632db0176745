"""The HTTP contract of batches: all or nothing by default, or each entry on its own."""

import json
from typing import Any

import pytest
from httpx import Client
from pydantic import SecretStr

from core.service.ledger_schemas import LedgerSchemas
from core.service.sample_requests import (
    UNREACHABLE,
    assert_unavailable,
    entry,
    post,
    post_batch,
    posted_keys,
    send,
)
from core.testing.databases import delete_all_entries, execute
from core.testing.threaded_service import assert_problem, served
from sample.ledger import LEDGER

SCHEMAS = LedgerSchemas(LEDGER)
VALID = entry("ann", "1", "CREDIT_ADD")


def test_an_atomic_batch_returns_its_entries_in_request_order(
    client: Client, shared_url: SecretStr
) -> None:
    entries = [
        entry("zoe", "1", "CREDIT_ADD"),
        entry("ann", "1", "DAILY_REWARD"),
        entry("zoe", "2", "CREDIT_SPEND"),
        entry("ann", "2", "CREDIT_SPEND"),
    ]
    response = post_batch(client, entries, atomic=True)
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/json"
    posted = response.json()["entries"]
    assert [{name: item[name] for name in entries[0]} for item in posted] == entries
    assert [item["balance"] for item in posted] == [10, 1, 9, 0]
    assert [item["amount"] for item in posted] == [10, 1, -1, -1]
    assert [item["id"] for item in posted] == [1, 2, 3, 4]
    assert all(item["created_on"].endswith("Z") for item in posted)
    assert len(SCHEMAS.posted_batch.model_validate_json(response.text).entries) == 4
    assert posted_keys(shared_url) == [("zoe", "1"), ("ann", "1"), ("zoe", "2"), ("ann", "2")]


@pytest.mark.parametrize("more", [{}, {"atomic": True}, {"unknown": 1}])
def test_a_batch_is_atomic_by_default(
    client: Client, shared_url: SecretStr, more: dict[str, object]
) -> None:
    entries = [entry("ann", "1", "CREDIT_ADD"), entry("bob", "1", "CREDIT_SPEND")]
    problem = assert_problem(post_batch(client, entries, **more), 400, "insufficient_balance")
    assert problem["detail"].startswith("Insufficient balance: ")
    assert (problem["index"], problem["amount"], problem["balance"]) == (1, -1, 0)
    assert posted_keys(shared_url) == []
    assert execute(shared_url, "SELECT FROM sample.ledger_balance") == []
    funded = [entry("bob", "0", "CREDIT_ADD"), *entries]
    assert post_batch(client, funded).status_code == 201


def test_a_duplicate_refuses_the_whole_batch(client: Client, shared_url: SecretStr) -> None:
    original = post(client, "ann", "1", "CREDIT_ADD").json()
    differences = {
        "CREDIT_ADD": "from another request",
        "DAILY_REWARD": "with another operation (CREDIT_ADD)",
    }
    for operation, difference in differences.items():
        entries = [
            entry("ann", "2", "CREDIT_ADD"),
            entry("bob", "1", "CREDIT_ADD"),
            entry("ann", "1", operation),
            entry("cat", "1", "CREDIT_SPEND"),  # refused too, but only the first one is reported
        ]
        problem = assert_problem(post_batch(client, entries), 409, "nonce_reused")
        assert problem["detail"] == (
            f"Duplicate transaction: entry {original['id']} already has the nonce '1', "
            f"{difference}; use a new "
            "nonce for another post (entry 2 of the batch; no entry was posted)"
        )
        assert problem["index"] == 2
        assert {**problem["entry"], "balance": 10} == original
        assert posted_keys(shared_url) == [("ann", "1")]


@pytest.mark.parametrize("owners", [["zoe", "ann"], ["zoe"]])
def test_an_atomic_batch_that_was_posted_before_gets_409_with_all_of_its_entries(
    client: Client, shared_url: SecretStr, owners: list[str]
) -> None:
    entries = [entry(owner_id, "1", "CREDIT_ADD") for owner_id in owners]
    posted = post_batch(client, entries).json()["entries"]
    for order in (1, -1):
        again = post_batch(client, entries[::order])
        problem = assert_problem(again, 409, "batch_already_posted")
        assert problem["detail"].startswith("Duplicate transaction: ")
        assert [{**item, "balance": 10} for item in problem["entries"]] == posted[::order]
        assert "index" not in problem
    model = SCHEMAS.batch_already_posted.model_validate_json(again.text)
    assert [item.owner_id for item in model.entries] == owners[::-1]
    assert posted_keys(shared_url) == [(owner_id, "1") for owner_id in owners]


@pytest.mark.parametrize("operation, nonce", [("CREDIT_ADD", "3"), ("DAILY_REWARD", "2")])
def test_an_atomic_batch_that_differs_from_what_was_posted_names_the_first_conflict(
    client: Client, shared_url: SecretStr, operation: str, nonce: str
) -> None:
    first, second = (entry("ann", number, "CREDIT_ADD") for number in "12")
    [original, _] = post_batch(client, [first, second]).json()["entries"]
    response = post_batch(client, [first, entry("ann", nonce, operation)])
    problem = assert_problem(response, 409, "nonce_reused")
    assert (problem["index"], {**problem["entry"], "balance": 10}) == (0, original)
    assert "no entry was posted" in problem["detail"]
    assert posted_keys(shared_url) == [("ann", "1"), ("ann", "2")]


def test_an_atomic_batch_must_not_repeat_a_nonce(client: Client, shared_url: SecretStr) -> None:
    entries = [entry("ann", nonce, "CREDIT_ADD") for nonce in ("1", "2", "1")]
    problem = assert_problem(post_batch(client, entries), 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == ["body"]
    assert "entry 2 has the same owner and nonce as entry 0" in problem["detail"]
    assert posted_keys(shared_url) == []
    # Two owners may use the same nonce: it is scoped to its owner.
    two_owners = [entry(owner_id, "1", "CREDIT_ADD") for owner_id in ("ann", "bob")]
    assert post_batch(client, two_owners).status_code == 201


def test_a_non_atomic_batch_answers_each_entry_as_if_it_were_posted_alone(
    client: Client, shared_url: SecretStr
) -> None:
    post(client, "ann", "old", "CREDIT_ADD")
    entries = [
        entry("ann", "1", "CREDIT_SPEND"),
        entry("bob", "1", "CREDIT_SPEND"),
        entry("ann", "old", "CREDIT_ADD"),
        entry("ann", "1", "CREDIT_SPEND"),  # repeats the first
        entry("bob", "2", "DAILY_REWARD"),
        entry("bob", "1", "CREDIT_SPEND"),  # by now covered by the balance
        entry("ann", "old", "DAILY_REWARD"),
    ]
    response = post_batch(client, entries, atomic=False)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    outcomes = response.json()["outcomes"]
    assert [outcome["status"] for outcome in outcomes] == [201, 400, 409, 409, 201, 201, 409]
    assert len(SCHEMAS.batch_result.model_validate_json(response.text).outcomes) == len(entries)
    assert outcomes[3]["body"]["entry"]["id"] == outcomes[0]["body"]["id"]
    assert posted_keys(shared_url) == [("ann", "old"), ("ann", "1"), ("bob", "2"), ("bob", "1")]

    delete_all_entries(shared_url, "sample")
    post(client, "ann", "old", "CREDIT_ADD")
    for number, outcome in enumerate(outcomes):
        alone = client.post("/ledger", json=entries[number])
        assert alone.status_code == outcome["status"]
        assert without_what_differs(alone.json()) == without_what_differs(outcome["body"])


def without_what_differs(body: dict[str, Any]) -> dict[str, Any]:
    """The body without the fields that differ between two runs."""
    if "entry" in body:
        body = {**body, "entry": without_what_differs(body["entry"])}
    return {name: value for name, value in body.items() if name not in ("created_on", "request_id")}


@pytest.mark.parametrize("atomic", [True, False])
def test_a_batch_has_1_to_1000_entries(client: Client, shared_url: SecretStr, atomic: bool) -> None:
    entries = [entry(f"owner {n % 7}", f"{n}") for n in range(1001)]
    for refused in ([], entries):
        problem = assert_problem(post_batch(client, refused, atomic=atomic), 422, "invalid_request")
        assert [error["field"] for error in problem["errors"]] == ["body.entries"]
        assert posted_keys(shared_url) == []
    response = post_batch(client, entries[:1000], atomic=atomic)
    assert response.status_code == (201 if atomic else 200)
    expected = [(item["owner_id"], item["nonce"]) for item in entries[:1000]]
    assert posted_keys(shared_url) == expected
    if not atomic:
        assert {outcome["status"] for outcome in response.json()["outcomes"]} == {201}


@pytest.mark.parametrize("atomic", [True, False])
def test_a_batch_of_1000_entries_with_the_longest_identifiers_fits(
    client: Client, shared_url: SecretStr, atomic: bool
) -> None:
    # Each character takes 12 bytes of JSON. The last character makes each identifier unique.
    longest = ["\N{GRINNING FACE}" * 254 + chr(0x1F600 + n) for n in range(1000)]
    entries = [entry(identifier, identifier, "BOOKING_REWARD") for identifier in longest]
    assert len(json.dumps(entries)) > 1000 * 2 * 255 * 12
    assert post_batch(client, entries, atomic=atomic).status_code == (201 if atomic else 200)
    assert posted_keys(shared_url) == [(item["owner_id"], item["nonce"]) for item in entries]


def test_a_batch_body_over_8_mib_is_refused(client: Client, shared_url: SecretStr) -> None:
    unpadded = len(json.dumps({"entries": [VALID], "padding": ""}))
    longest = 8 * 1024 * 1024 - unpadded
    too_large = post_batch(client, [VALID], padding="x" * (longest + 1))
    assert_problem(too_large, 413, "content_too_large")
    assert posted_keys(shared_url) == []
    assert post_batch(client, [VALID], padding="x" * longest).status_code == 201


@pytest.mark.parametrize(
    "body, field",
    [
        ({"entries": [VALID, {**VALID, "operation": "UNKNOWN"}]}, "entries.1.operation"),
        (
            {"entries": [VALID, {**VALID, "operation": None}], "atomic": False},
            "entries.1.operation",
        ),
        ({"entries": [{**VALID, "owner_id": ".."}]}, "entries.0.owner_id"),
        ({"entries": [{**VALID, "nonce": "a\0b"}, VALID]}, "entries.0.nonce"),
        ({"entries": [{**VALID, "nonce": "a\ud800"}]}, "entries.0.nonce"),
        ({"entries": [{"owner_id": "ann", "operation": "CREDIT_ADD"}]}, "entries.0.nonce"),
        ({"entries": [VALID, 5]}, "entries.1"),
        ({"entries": VALID}, "entries"),
        ({"entries": None}, "entries"),
        ({"atomic": True}, "entries"),
        ({"entries": [VALID], "atomic": "perhaps"}, "atomic"),
        ({"entries": [VALID], "atomic": None}, "atomic"),
    ],
)
def test_the_error_for_a_malformed_batch_names_the_field(
    client: Client, shared_url: SecretStr, body: dict[str, object], field: str
) -> None:
    response = send(client, "/ledger/batch", json.dumps(body))
    problem = assert_problem(response, 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [f"body.{field}"]
    assert posted_keys(shared_url) == []


@pytest.mark.parametrize("atomic", [True, False])
def test_a_batch_gets_503_while_the_database_is_unreachable(atomic: bool) -> None:
    with served(LEDGER, UNREACHABLE) as client:
        response = post_batch(client, [VALID, {**VALID, "nonce": "2"}], atomic=atomic)
        assert_unavailable(response)
        assert "secret" not in response.text
