"""The route that describes the ledger: its operations, with their amounts and limits."""

from fastapi import FastAPI, Response
from pydantic import BaseModel, Field

from core.ledgers.description import OperationDescription, described_operations
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT


class LedgerDescription(BaseModel):
    """The operations of this release, in the order in which the app declares them."""

    ledger: str = Field(description="The name of the app.")
    operations: list[OperationDescription]


def add_description_route(app: FastAPI, ledger: Ledger[OperationT]) -> None:
    """Adds `GET /operations`."""
    described = LedgerDescription(ledger=ledger.name, operations=described_operations(ledger))
    body = described.model_dump_json()

    async def read_operations() -> Response:
        return Response(body, media_type="application/json")

    app.add_api_route(
        "/operations",
        read_operations,
        methods=["GET"],
        tags=["ledger"],
        response_model=LedgerDescription,
    )
