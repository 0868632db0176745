"""The route that reads a balance: the current one, or that of the past."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError

from core.ledgers.errors import FutureTime
from core.ledgers.identifiers import validated_owner_id
from core.ledgers.operations import OperationT
from core.ledgers.schemas import CurrentBalance, OwnerBalance
from core.service.group_queue import GroupQueue
from core.service.instants import INSTANT_SCHEMA, instant
from core.service.owner_path import OwnerIdInPath
from core.service.problems import UNAVAILABLE
from core.service.responses import Reply, respond
from core.storage.history import History

_AS_OF: dict[str, Any] = {
    "name": "as_of",
    "in": "query",
    "required": False,
    "schema": INSTANT_SCHEMA,
    "description": "The balance at this time, which must be in the past, rather than the current "
    "one. That never changes afterwards. RFC 3339 with an offset.",
}


def add_balance_route(
    app: FastAPI,
    balances: Callable[[], GroupQueue[str, int]],
    history: Callable[[], History[OperationT]],
) -> None:
    """Adds `GET /ledger/{owner_id}`.

    `balances` and `history` return those of the running event loop.
    """

    async def read_balance(owner_id: OwnerIdInPath, request: Request) -> Response:
        valid = validated_owner_id(owner_id)
        # Nearly all requests have no query, and checking for one here is faster than in FastAPI.
        time = _as_of(request) if request.scope["query_string"] else None
        if time is None:
            balance = await balances().submit_one(valid)
            return respond(Reply(200, CurrentBalance(owner_id=valid, balance=balance)))
        try:
            past = await history().balance_as_of(valid, time)
        except FutureTime as error:
            raise _invalid(error) from error
        body = OwnerBalance(
            owner_id=valid, balance=past.balance, as_of=time, entry_id=past.entry_id
        )
        return respond(Reply(200, body))

    app.add_api_route(
        "/ledger/{owner_id:owner_id}",
        read_balance,
        methods=["GET"],
        tags=["ledger"],
        response_model=OwnerBalance,
        responses=UNAVAILABLE,
        openapi_extra={"parameters": [_AS_OF]},
    )


def _as_of(request: Request) -> datetime | None:
    value = request.query_params.get("as_of")
    try:
        return None if value is None else instant(value)
    except ValueError as error:
        raise _invalid(error) from None


def _invalid(error: ValueError) -> RequestValidationError:
    problem = {"type": "value_error", "loc": ("query", "as_of"), "msg": str(error)}
    return RequestValidationError([problem])
