"""Quantities in requests: what a ledger accepts, and how its OpenAPI document says so."""

from typing import Any

from fastapi.exceptions import RequestValidationError

from core.ledgers.errors import InvalidQuantity
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.requests import Post


def check_quantity(
    ledger: Ledger[OperationT], post: Post[OperationT], *location: str | int
) -> None:
    """Raises RequestValidationError if the ledger does not accept the quantity of `post`.

    `location` is that of the post in the body.
    """
    try:
        ledger.amount_of(post.operation, post.quantity)
    except InvalidQuantity as error:
        problem = {
            "type": error.code,
            "loc": ("body", *location, "quantity"),
            "msg": str(error),
        }
        raise RequestValidationError([problem]) from error


def document_quantities(ledger: Ledger[OperationT], schemas: dict[str, Any]) -> None:
    """Adds the quantity to the schema of a post, if the ledger has operations that take one."""
    if not ledger.per_unit:
        return
    [schema] = [each for name, each in schemas.items() if name.startswith("PostRequest")]
    units = "; ".join(
        f"`{operation.value}`: {each.amount} each, at most {each.at_most}"
        for operation, each in ledger.per_unit.items()
    )
    schema["properties"]["quantity"] = {
        "type": "integer",
        "minimum": 1,
        "default": 1,
        "title": "Quantity",
        "description": f"How many units. {units}. The other operations take no other than 1.",
    }
    schema["allOf"] = [
        {
            "if": {"properties": {"operation": {"const": operation.value}}},
            "then": {"properties": {"quantity": {"maximum": _most(ledger, operation)}}},
        }
        for operation in ledger.operations
    ]


def _most(ledger: Ledger[OperationT], operation: OperationT) -> int:
    per_unit = ledger.per_unit.get(operation)
    return 1 if per_unit is None else per_unit.at_most
