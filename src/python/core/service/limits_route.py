"""The route that reads how often an owner has used each limit."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic

from fastapi import FastAPI, Response
from pydantic import BaseModel, Field

from core.ledgers.identifiers import validated_owner_id
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.service.ledger_schemas import specialized
from core.service.owner_path import OwnerIdInPath
from core.service.problems import UNAVAILABLE
from core.service.responses import Reply, respond
from core.storage.history import History


class UsedLimit(BaseModel, Generic[OperationT]):
    """How often an owner has had a limited operation posted in the current period."""

    operation: OperationT
    used: int
    allowed: int = Field(description="How often it may be posted in a period, or ever.")
    resets_at: datetime | None = Field(description="The end of the period; null for none.")


class OwnerLimits(BaseModel, Generic[OperationT]):
    """Each limited operation of the ledger, in the order in which the limits are declared."""

    owner_id: str
    limits: list[UsedLimit[OperationT]]


def add_limits_route(
    app: FastAPI, ledger: Ledger[OperationT], history: Callable[[], History[OperationT]]
) -> None:
    """Adds `GET /ledger/{owner_id}/limits`.

    `history` returns that of the running event loop.
    """
    one: Any = specialized(UsedLimit[OperationT], ledger.operations)
    all_: Any = specialized(OwnerLimits[OperationT], ledger.operations)

    async def read_limits(owner_id: OwnerIdInPath) -> Response:
        valid = validated_owner_id(owner_id)
        usages = await history().usages(valid)
        limits = [
            one(
                operation=operation,
                used=usage.used,
                allowed=ledger.limits[operation].count,
                resets_at=usage.resets_at,
            )
            for operation, usage in usages.items()
        ]
        return respond(Reply(200, all_(owner_id=valid, limits=limits)))

    app.add_api_route(
        "/ledger/{owner_id:owner_id}/limits",
        read_limits,
        methods=["GET"],
        tags=["ledger"],
        response_model=all_,
        responses=UNAVAILABLE,
    )
