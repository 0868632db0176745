"""The route that reads how often an owner has used each limit."""

from collections.abc import Callable

from fastapi import FastAPI, Response

from core.ledgers.identifiers import validated_owner_id
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.service.ledger_schemas import LedgerSchemas
from core.service.owner_path import OwnerIdInPath
from core.service.problems import UNAVAILABLE
from core.service.responses import Reply, respond
from core.storage.history import History


def add_limits_route(
    app: FastAPI,
    ledger: Ledger[OperationT],
    schemas: LedgerSchemas[OperationT],
    history: Callable[[], History[OperationT]],
) -> None:
    """Adds `GET /ledger/{owner_id}/limits`.

    `history` returns that of the running event loop.
    """

    async def read_limits(owner_id: OwnerIdInPath) -> Response:
        valid = validated_owner_id(owner_id)
        usages = await history().usages(valid)
        limits = [
            schemas.used_limit(
                operation=operation,
                used=usage.used,
                allowed=ledger.limits[operation].count,
                resets_at=usage.resets_at,
            )
            for operation, usage in usages.items()
        ]
        return respond(Reply(200, schemas.owner_limits(owner_id=valid, limits=limits)))

    app.add_api_route(
        "/ledger/{owner_id:owner_id}/limits",
        read_limits,
        methods=["GET"],
        tags=["ledger"],
        response_model=schemas.owner_limits,
        responses=UNAVAILABLE,
    )
