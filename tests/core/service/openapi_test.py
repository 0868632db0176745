"""The OpenAPI document: it has the app's own operations, and a schema for every response."""

from typing import Any

import pytest

from core.ledgers.ledger import Ledger
from core.service.app import openapi_document
from sample.ledger import LEDGER
from sample.operations import SampleOperation

BOOKING_REWARD = {SampleOperation.BOOKING_REWARD: 5}


@pytest.fixture
def schema() -> dict[str, Any]:
    return openapi_document(LEDGER)


def test_has_the_version_of_the_app() -> None:
    other = Ledger(
        name="sample", operations=LEDGER.operations, amounts=BOOKING_REWARD, version="2.3.4"
    )
    assert openapi_document(LEDGER)["info"]["version"] == "1.0.0"
    assert openapi_document(other)["info"]["version"] == "2.3.4"


def test_lists_the_apps_own_operations(schema: dict[str, Any]) -> None:
    enum = schema["components"]["schemas"]["SampleOperation"]
    assert enum["enum"] == [operation.value for operation in SampleOperation]
    body = schema["paths"]["/ledger"]["post"]["requestBody"]["content"]["application/json"]
    request = schema["components"]["schemas"][body["schema"]["$ref"].rsplit("/", 1)[1]]
    assert request["properties"]["operation"]["$ref"].endswith("/SampleOperation")
    assert request["required"] == ["owner_id", "operation", "nonce"]


@pytest.mark.parametrize(
    "path, method, statuses",
    [
        ("/ledger", "post", {"201", "400", "409", "413", "415", "422", "503"}),
        ("/ledger/batch", "post", {"200", "201", "400", "409", "413", "415", "422", "503"}),
        ("/ledger/{owner_id}", "get", {"200", "422", "503"}),
        ("/ledger/{owner_id}/entries", "get", {"200", "400", "422", "503"}),
        ("/ledger/{owner_id}/entries/{nonce}", "get", {"200", "404", "422", "503"}),
        ("/ledger/batch", "get", {"200", "422", "503"}),  # an owner may have this id
        ("/operations", "get", {"200"}),
        ("/key", "get", {"200"}),
        ("/healthz", "get", {"200"}),
        ("/readyz", "get", {"200", "503"}),
    ],
)
def test_documents_every_response_with_its_schema(
    schema: dict[str, Any], path: str, method: str, statuses: set[str]
) -> None:
    responses = schema["paths"][path][method]["responses"]
    keys = {"/key": {"401"}, "/healthz": set[str](), "/readyz": set[str]()}.get(
        path, {"401", "403"}
    )
    assert set(responses) == statuses | keys
    for status, response in responses.items():
        media_type = "application/json" if status < "300" else "application/problem+json"
        shown = response["content"][media_type]["schema"]
        for one in shown.get("anyOf", [shown]):
            assert one["$ref"].rsplit("/", 1)[1] in schema["components"]["schemas"]


def test_hides_the_variants_of_paths_with_a_trailing_slash(schema: dict[str, Any]) -> None:
    assert set(schema["paths"]) == {
        "/ledger",
        "/ledger/batch",
        "/ledger/{owner_id}",
        "/ledger/{owner_id}/entries",
        "/ledger/{owner_id}/entries/{nonce}",
        "/ledger/{owner_id}/limits",
        "/operations",
        "/key",
        "/healthz",
        "/readyz",
    }
