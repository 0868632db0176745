"""Completes FastAPI's OpenAPI document: the responses to errors, and a path with two meanings."""

from typing import Any

from fastapi import FastAPI

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.service.authentication import KEY_PATH
from core.service.problems import PROBLEM_JSON, title
from core.service.quantities import document_quantities

_KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key, if the service has any: `401` without a valid one, and `403` if it "
    "lacks the scope `read`, `post` or `post:OPERATION`.",
}


def complete_document(app: FastAPI, ledger: Ledger[OperationT]) -> None:
    """Documents the error responses as `application/problem+json`, and `GET /ledger/batch`.

    Documents the quantities of the ledger's operations, too.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        for path, operations in document["paths"].items():
            for operation in operations.values():
                if "ledger" in operation.get("tags", ()):
                    _document_key(operation, path)
                _document_problems(operation["responses"])
        document["components"]["securitySchemes"] = {"key": _KEY}
        document_quantities(ledger, document["components"]["schemas"])
        paths = document["paths"]
        paths["/ledger/batch"]["get"] = _balance_of_batch(paths["/ledger/{owner_id}"]["get"])
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _document_key(operation: dict[str, Any], path: str) -> None:
    operation["security"] = [{}, {"key": []}]  # the first one for a service without keys
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for status in ("401",) if path == KEY_PATH else ("401", "403"):
        operation["responses"][status] = {"content": {"application/json": schema}}


def _document_problems(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        if int(status) < 400:
            continue
        # Python's versions, which FastAPI asks, differ in their words for a status.
        response["description"] = title(int(status))
        if "application/json" in response["content"]:
            response["content"] = {PROBLEM_JSON: response["content"]["application/json"]}


def _balance_of_batch(read_balance: dict[str, Any]) -> dict[str, Any]:
    """Documents that an owner may have the id `batch`: the route is that of any other owner."""
    return {
        **read_balance,
        "parameters": [each for each in read_balance["parameters"] if each["in"] == "query"],
        "operationId": "read_balance_of_batch",
        "summary": "Read Balance Of The Owner `batch`",
    }
