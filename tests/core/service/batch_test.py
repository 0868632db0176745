"""The HTTP contract of batches: all or nothing, or each on its own."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from httpx import Client, Response
from pydantic import SecretStr

from core.service.ledger_schemas import LedgerSchemas
from core.settings.groups import DatabaseSettings
from core.testing.databases import Databases, execute
from core.testing.threaded_service import assert_problem, served
from sample.ledger import LEDGER

JSON = {"Content-Type": "application/json"}
SCHEMAS = LedgerSchemas(LEDGER)
Entries = list[dict[str, str]]


@pytest.fixture(scope="module")
def url(databases: Databases) -> SecretStr:
    return databases.migrated("sample")


@pytest.fixture(scope="module")
def shared_client(url: SecretStr) -> Iterator[Client]:
    # A batch of the longest identifiers takes a slow machine long.
    settings = DatabaseSettings(database_url=url, statement_timeout=60)
    with served(LEDGER, settings) as client:
        yield client


@pytest.fixture
def client(shared_client: Client, url: SecretStr) -> Client:
    execute(url, "TRUNCATE sample.ledger_entry, sample.ledger_balance RESTART IDENTITY")
    return shared_client


def entry(owner_id: str, operation: str, nonce: str) -> dict[str, str]:
    return {"owner_id": owner_id, "operation": operation, "nonce": nonce}


def send(client: Client, entries: Entries, **more: Any) -> Response:
    content = json.dumps({"entries": entries, **more})
    return client.post("/ledger/batch", content=content, headers=JSON)


def written(url: SecretStr) -> list[tuple[str, str]]:
    """The owner and the nonce of each entry, in the order in which they were posted."""
    rows = execute(url, "SELECT owner_id, nonce FROM sample.ledger_entry ORDER BY id")
    return [(owner_id, nonce) for owner_id, nonce in rows]


def test_an_atomic_batch_answers_with_its_entries_in_order(client: Client, url: SecretStr) -> None:
    entries = [
        entry("zoe", "CREDIT_ADD", "1"),
        entry("ann", "DAILY_REWARD", "1"),
        entry("zoe", "CREDIT_SPEND", "2"),
        entry("ann", "CREDIT_SPEND", "2"),
    ]
    response = send(client, entries, atomic=True)
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/json"
    answer = response.json()["entries"]
    assert [{name: line[name] for name in entries[0]} for line in answer] == entries
    assert [line["balance"] for line in answer] == [10, 1, 9, 0]
    assert [line["amount"] for line in answer] == [10, 1, -1, -1]
    assert [line["id"] for line in answer] == [1, 2, 3, 4]
    assert all(line["created_on"].endswith("Z") for line in answer)
    assert len(SCHEMAS.posted_batch.model_validate_json(response.text).entries) == 4
    assert written(url) == [("zoe", "1"), ("ann", "1"), ("zoe", "2"), ("ann", "2")]


@pytest.mark.parametrize("more", [{}, {"atomic": True}, {"unknown": 1}])
def test_a_batch_is_atomic_unless_it_says_otherwise(
    client: Client, url: SecretStr, more: dict[str, object]
) -> None:
    entries = [entry("ann", "CREDIT_ADD", "1"), entry("bob", "CREDIT_SPEND", "1")]
    problem = assert_problem(send(client, entries, **more), 400, "insufficient_balance")
    assert problem["detail"].startswith("Insufficient balance: ")
    assert (problem["index"], problem["amount"], problem["balance"]) == (1, -1, 0)
    assert written(url) == []
    assert execute(url, "SELECT FROM sample.ledger_balance") == []
    assert send(client, [entry("bob", "CREDIT_ADD", "0"), *entries]).status_code == 201


def test_a_duplicate_refuses_the_whole_batch(client: Client, url: SecretStr) -> None:
    original = client.post("/ledger", json=entry("ann", "CREDIT_ADD", "1")).json()
    for operation, code in (("CREDIT_ADD", "duplicate_nonce"), ("DAILY_REWARD", "nonce_reused")):
        entries = [
            entry("ann", "CREDIT_ADD", "2"),
            entry("bob", "CREDIT_ADD", "1"),
            entry("ann", operation, "1"),
            entry("cat", "CREDIT_SPEND", "1"),  # is refused too, but later
        ]
        problem = assert_problem(send(client, entries), 409, code)
        assert problem["detail"].startswith("Duplicate transaction: ")
        assert problem["index"] == 2
        assert {**problem["entry"], "balance": 10} == original
        assert written(url) == [("ann", "1")]


def test_an_atomic_batch_that_is_sent_again_is_a_duplicate(client: Client, url: SecretStr) -> None:
    entries = [entry(owner_id, "CREDIT_ADD", "1") for owner_id in ("zoe", "ann")]
    first = send(client, entries).json()["entries"][0]
    problem = assert_problem(send(client, entries), 409, "duplicate_nonce")
    assert problem["index"] == 0
    assert {**problem["entry"], "balance": 10} == first
    assert written(url) == [("zoe", "1"), ("ann", "1")]


def test_one_nonce_twice_can_never_be_atomic(client: Client, url: SecretStr) -> None:
    entries = [entry("ann", "CREDIT_ADD", nonce) for nonce in ("1", "2", "1")]
    problem = assert_problem(send(client, entries), 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == ["body"]
    assert "entry 2 has the owner and the nonce of entry 0" in problem["detail"]
    assert written(url) == []
    others = [entry(owner_id, "CREDIT_ADD", "1") for owner_id in ("ann", "bob")]
    assert send(client, others).status_code == 201  # a nonce belongs to its owner


def test_each_entry_of_another_batch_is_answered_as_if_it_were_posted_alone(
    client: Client, url: SecretStr
) -> None:
    client.post("/ledger", json=entry("ann", "CREDIT_ADD", "old"))
    entries = [
        entry("ann", "CREDIT_SPEND", "1"),
        entry("bob", "CREDIT_SPEND", "1"),
        entry("ann", "CREDIT_ADD", "old"),
        entry("ann", "CREDIT_SPEND", "1"),  # as the first
        entry("bob", "DAILY_REWARD", "2"),
        entry("bob", "CREDIT_SPEND", "1"),  # has a balance now
        entry("ann", "DAILY_REWARD", "old"),
    ]
    response = send(client, entries, atomic=False)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    outcomes = response.json()["outcomes"]
    assert [outcome["status"] for outcome in outcomes] == [201, 400, 409, 409, 201, 201, 409]
    assert len(SCHEMAS.batch_result.model_validate_json(response.text).outcomes) == len(entries)
    assert outcomes[3]["body"]["entry"]["id"] == outcomes[0]["body"]["id"]
    assert written(url) == [("ann", "old"), ("ann", "1"), ("bob", "2"), ("bob", "1")]

    execute(url, "TRUNCATE sample.ledger_entry, sample.ledger_balance RESTART IDENTITY")
    client.post("/ledger", json=entry("ann", "CREDIT_ADD", "old"))
    for number, outcome in enumerate(outcomes):
        alone = client.post("/ledger", json=entries[number])
        assert alone.status_code == outcome["status"]
        assert timeless(alone.json()) == timeless(outcome["body"])


def timeless(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what differs each time: when the entry was made."""
    if "entry" in answer:
        return {**answer, "entry": timeless(answer["entry"])}
    return {name: value for name, value in answer.items() if name != "created_on"}


@pytest.mark.parametrize("atomic", [True, False])
def test_a_batch_has_1_to_1000_entries(client: Client, url: SecretStr, atomic: bool) -> None:
    entries = [entry(f"owner {n % 7}", "DAILY_REWARD", f"{n}") for n in range(1001)]
    for refused in ([], entries):
        problem = assert_problem(send(client, refused, atomic=atomic), 422, "invalid_request")
        assert [error["field"] for error in problem["errors"]] == ["body.entries"]
        assert written(url) == []
    answer = send(client, entries[:1000], atomic=atomic)
    assert answer.status_code == (201 if atomic else 200)
    expected = [(line["owner_id"], line["nonce"]) for line in entries[:1000]]
    assert written(url) == expected
    if not atomic:
        assert {outcome["status"] for outcome in answer.json()["outcomes"]} == {201}


@pytest.mark.parametrize("atomic", [True, False])
def test_1000_entries_of_the_longest_identifiers_fit(
    client: Client, url: SecretStr, atomic: bool
) -> None:
    # Each character takes 12 bytes of JSON; the last ones tell the identifiers from each other.
    longest = ["\N{GRINNING FACE}" * 254 + chr(0x1F600 + n) for n in range(1000)]
    entries = [entry(identifier, "BOOKING_REWARD", identifier) for identifier in longest]
    assert len(json.dumps(entries)) > 1000 * 2 * 255 * 12
    assert send(client, entries, atomic=atomic).status_code == (201 if atomic else 200)
    assert written(url) == [(line["owner_id"], line["nonce"]) for line in entries]


def test_a_body_over_8_mib_is_refused(client: Client, url: SecretStr) -> None:
    entries = [entry("ann", "CREDIT_ADD", "1")]
    empty = len(json.dumps({"entries": entries, "more": ""}))
    most = 8 * 1024 * 1024 - empty
    assert_problem(send(client, entries, more="x" * (most + 1)), 413, "content_too_large")
    assert written(url) == []
    assert send(client, entries, more="x" * most).status_code == 201


GOOD = entry("ann", "CREDIT_ADD", "1")


@pytest.mark.parametrize(
    "body, field",
    [
        ({"entries": [GOOD, {**GOOD, "operation": "UNKNOWN"}]}, "entries.1.operation"),
        ({"entries": [GOOD, {**GOOD, "operation": None}], "atomic": False}, "entries.1.operation"),
        ({"entries": [{**GOOD, "owner_id": ".."}]}, "entries.0.owner_id"),
        ({"entries": [{**GOOD, "nonce": "a\0b"}, GOOD]}, "entries.0.nonce"),
        ({"entries": [{**GOOD, "nonce": "a\ud800"}]}, "entries.0.nonce"),
        ({"entries": [{"owner_id": "ann", "operation": "CREDIT_ADD"}]}, "entries.0.nonce"),
        ({"entries": [GOOD, 5]}, "entries.1"),
        ({"entries": GOOD}, "entries"),
        ({"entries": None}, "entries"),
        ({"atomic": True}, "entries"),
        ({"entries": [GOOD], "atomic": "perhaps"}, "atomic"),
        ({"entries": [GOOD], "atomic": None}, "atomic"),
    ],
)
def test_a_malformed_batch_names_its_field(
    client: Client, url: SecretStr, body: dict[str, object], field: str
) -> None:
    response = client.post("/ledger/batch", content=json.dumps(body), headers=JSON)
    problem = assert_problem(response, 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [f"body.{field}"]
    assert written(url) == []


@pytest.mark.parametrize("atomic", [True, False])
def test_an_unreachable_database_is_unavailable_for_the_whole_batch(atomic: bool) -> None:
    settings = DatabaseSettings(database_url=SecretStr("postgresql://me:secret@/db?host=/nowhere"))
    with served(LEDGER, settings) as client:
        response = send(client, [GOOD, {**GOOD, "nonce": "2"}], atomic=atomic)
        assert_problem(response, 503, "database_unavailable")
        assert int(response.headers["retry-after"]) > 0
        assert "secret" not in response.text
