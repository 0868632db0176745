"""Over HTTP, an operation whose amount is per unit takes a quantity, and no other does."""

from collections.abc import Iterator
from typing import Any

import pytest
from httpx import Client, Response
from pydantic import SecretStr

from core.ledgers.ledger import Ledger, per_unit
from core.service.app import openapi_document
from core.service.sample_requests import assert_consistent, entry
from core.settings.groups import DatabaseSettings
from core.testing.databases import Databases
from core.testing.threaded_service import assert_problem, served
from sample.operations import SampleOperation as Operation

AT_MOST = 100


def ledger_of(unit: int, *formerly: int) -> Ledger[Operation]:
    return Ledger(
        name="sample",
        operations=Operation,
        amounts={Operation.BOOKING_REWARD: per_unit(unit, at_most=AT_MOST, formerly=formerly)},
        overrides={Operation.CREDIT_SPEND: per_unit(-2, at_most=1000)},
    )


@pytest.fixture(scope="module")
def url(databases: Databases) -> SecretStr:
    return databases.migrated("sample")


@pytest.fixture(scope="module")
def client(url: SecretStr) -> Iterator[Client]:
    with served(ledger_of(5), DatabaseSettings(database_url=url)) as client:
        yield client
    assert_consistent(url)


def post(client: Client, owner: str, nonce: str, **more: object) -> Response:
    body = {**entry(owner, nonce, "BOOKING_REWARD"), **more}
    return client.post("/ledger", json=body)


@pytest.mark.parametrize("quantity", [1, 2, AT_MOST])
def test_the_amount_is_that_of_a_unit_times_the_quantity(client: Client, quantity: int) -> None:
    owner = f"buyer of {quantity}"
    posted = post(client, owner, "1", quantity=quantity, amount=999)
    assert posted.status_code == 201
    assert (posted.json()["amount"], posted.json()["balance"]) == (5 * quantity, 5 * quantity)
    spent = post(client, owner, "2", operation="CREDIT_SPEND", quantity=quantity)
    assert (spent.json()["amount"], spent.json()["balance"]) == (-2 * quantity, 3 * quantity)


def test_a_missing_quantity_is_one(client: Client) -> None:
    assert post(client, "missing", "1").json()["amount"] == 5
    assert_problem(post(client, "missing", "1", quantity=1), 409, "duplicate_nonce")


def test_a_whole_number_may_have_a_decimal_point(client: Client) -> None:
    assert post(client, "whole", "1", quantity=2.0).json()["amount"] == 10


@pytest.mark.parametrize("quantity", [0, -1, 1e300, AT_MOST + 1, 10**30, "2", 2.5, True, None, [2]])
def test_an_invalid_quantity_is_refused(client: Client, quantity: object) -> None:
    refused = post(client, "refused", "1", quantity=quantity)
    problem = assert_problem(refused, 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == ["body.quantity"]
    assert client.get("/ledger/refused").json()["balance"] == 0


@pytest.mark.parametrize("quantity", [0, 2, -1])
def test_a_fixed_operation_takes_no_quantity(client: Client, quantity: int) -> None:
    fixed: dict[str, object] = {"operation": "CREDIT_ADD", "quantity": quantity}
    problem = assert_problem(post(client, "fixed", "1", **fixed), 422, "quantity_not_allowed")
    sentence = "CREDIT_ADD has a fixed amount, so it takes no quantity: leave the quantity out"
    assert problem["errors"] == [{"field": "body.quantity", "message": sentence}]
    assert problem["detail"] == f"Invalid request: body.quantity: {sentence}"
    assert client.get("/ledger/fixed").json()["balance"] == 0
    fixed["quantity"] = 1
    assert post(client, f"fixed {quantity}", "1", **fixed).status_code == 201


@pytest.mark.parametrize("atomic", [True, False])
def test_a_batch_takes_quantities(client: Client, atomic: bool) -> None:
    owner = f"batch {atomic}"
    entries: list[dict[str, Any]] = [
        {**entry(owner, "1", "BOOKING_REWARD"), "quantity": 3},
        entry(owner, "2", "CREDIT_ADD"),
    ]
    body = {"atomic": atomic, "entries": entries}
    assert client.post("/ledger/batch", json=body).status_code == (201 if atomic else 200)
    assert client.get(f"/ledger/{owner}").json()["balance"] == 25
    entries[1]["quantity"] = 2
    refused = client.post("/ledger/batch", json=body)
    problem = assert_problem(refused, 422, "quantity_not_allowed")
    assert problem["errors"][0]["field"] == "body.entries.1.quantity"


def test_a_nonce_with_another_quantity_is_reused(client: Client) -> None:
    assert post(client, "again", "1", quantity=3).status_code == 201
    assert_problem(post(client, "again", "1", quantity=3), 409, "duplicate_nonce")
    problem = assert_problem(post(client, "again", "1", quantity=2), 409, "nonce_reused")
    original = problem["entry"]["id"]
    assert problem["detail"] == (
        f"Duplicate transaction: entry {original} already has the nonce '1', "
        f"with another quantity (its amount is "
        "15); use a new nonce for another post"
    )
    several = [{**entry("again", nonce, "BOOKING_REWARD"), "quantity": 2} for nonce in ("2", "3")]
    assert client.post("/ledger/batch", json={"entries": several}).status_code == 201
    repeated = client.post("/ledger/batch", json={"entries": several})
    assert_problem(repeated, 409, "batch_already_posted")
    several[1]["quantity"] = 4
    assert_problem(client.post("/ledger/batch", json={"entries": several}), 409, "nonce_reused")


def test_a_retry_after_a_change_of_the_amount_is_a_duplicate(
    client: Client, url: SecretStr
) -> None:
    assert post(client, "retry", "1", quantity=3).status_code == 201
    settings = DatabaseSettings(database_url=url)
    with served(ledger_of(7, 5), settings) as next_release:
        assert_problem(post(next_release, "retry", "1", quantity=3), 409, "duplicate_nonce")
        assert_problem(post(next_release, "retry", "1", quantity=4), 409, "nonce_reused")
        assert post(next_release, "retry", "2", quantity=3).json()["amount"] == 21
    with served(ledger_of(7), settings) as forgetful:
        assert_problem(post(forgetful, "retry", "1", quantity=3), 409, "nonce_reused")


def test_the_openapi_document_has_each_operations_quantities() -> None:
    schemas = openapi_document(ledger_of(5))["components"]["schemas"]
    [schema] = [each for name, each in schemas.items() if name.startswith("PostRequest")]
    assert schema["properties"]["quantity"]["minimum"] == 1
    assert (
        "`BOOKING_REWARD`: 5 each, at most 100" in schema["properties"]["quantity"]["description"]
    )
    most = {
        rule["if"]["properties"]["operation"]["const"]: rule["then"]["properties"]["quantity"]
        for rule in schema["allOf"]
    }
    assert most["BOOKING_REWARD"] == {"maximum": 100}
    assert most["CREDIT_ADD"] == {"maximum": 1}
