"""Completes FastAPI's OpenAPI document: the responses to errors, and a path with two meanings."""

from typing import Any

from fastapi import FastAPI

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.service.problems import PROBLEM_JSON, title
from core.service.quantities import document_quantities


def complete_document(app: FastAPI, ledger: Ledger[OperationT]) -> None:
    """Documents the error responses as `application/problem+json`, and `GET /ledger/batch`.

    Documents the quantities of the ledger's operations, too.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        for path in document["paths"].values():
            for operation in path.values():
                _document_problems(operation["responses"])
        document_quantities(ledger, document["components"]["schemas"])
        paths = document["paths"]
        paths["/ledger/batch"]["get"] = _balance_of_batch(paths["/ledger/{owner_id}"]["get"])
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


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
        **{name: value for name, value in read_balance.items() if name != "parameters"},
        "operationId": "read_balance_of_batch",
        "summary": "Read Balance Of The Owner `batch`",
    }
