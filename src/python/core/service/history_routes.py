"""The routes that read an owner's entries, with the balance after each."""

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Annotated

from fastapi import FastAPI, Query, Response

from core.ledgers.identifiers import validated_nonce, validated_owner_id
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.service.cursors import cursor
from core.service.history_query import HistoryQuery
from core.service.ledger_schemas import LedgerSchemas
from core.service.owner_path import NonceInPath, OwnerIdInPath
from core.service.problems import UNAVAILABLE, EntryNotFound, UnusableCursor, title
from core.service.responses import Reply, respond
from core.storage.history import History


def add_history_routes(
    app: FastAPI,
    ledger: Ledger[OperationT],
    schemas: LedgerSchemas[OperationT],
    history: Callable[[], History[OperationT]],
) -> None:
    """Adds `GET /ledger/{owner_id}/entries` and `GET /ledger/{owner_id}/entries/{nonce}`.

    `history` returns that of the running event loop.
    """

    async def read_entries(owner_id: OwnerIdInPath, query: HistoryQuery[OperationT]) -> Response:
        """Returns a page of the owner's entries, newest first by default.

        Pages neither skip nor repeat an entry while others are posted. An owner without entries
        has a page without any.
        """
        valid = validated_owner_id(owner_id)
        selection, start = query.selection(ledger, valid)
        page = await history().page(valid, selection, limit=query.limit, start=start)
        entries = [schemas.history_entry.of(shown) for shown in page.entries]
        next_ = None if page.next is None else cursor(ledger, valid, selection, page.next)
        body = schemas.owner_history(owner_id=valid, entries=entries, next=next_)
        return respond(Reply(200, body))

    async def read_entry(owner_id: OwnerIdInPath, nonce: NonceInPath) -> Response:
        """Returns the owner's entry with this nonce.

        HTTP clients remove `.` and `..` from paths, so an entry with such a nonce can be read in a
        page only.
        """
        owner, key = validated_owner_id(owner_id), validated_nonce(nonce)
        shown = await history().entry(owner, key)
        if shown is not None:
            body = schemas.owner_entry(**vars(shown.entry), balance=shown.balance)
            return respond(Reply(200, body))
        detail = f"The owner {owner!r} has no entry with the nonce {key!r}"
        return respond(Reply(404, EntryNotFound(title=title(404), status=404, detail=detail)))

    app.add_api_route(
        "/ledger/{owner_id:owner_id}/entries",
        _with_query(read_entries, schemas.history_query),
        methods=["GET"],
        tags=["ledger"],
        response_model=schemas.owner_history,
        responses={400: {"model": UnusableCursor}, **UNAVAILABLE},
    )
    app.add_api_route(
        "/ledger/{owner_id:owner_id}/entries/{nonce:nonce}",
        read_entry,
        methods=["GET"],
        tags=["ledger"],
        response_model=schemas.owner_entry,
        responses={404: {"model": EntryNotFound}, **UNAVAILABLE},
    )


def _with_query(
    route: Callable[..., object], model: type[HistoryQuery[OperationT]]
) -> Callable[..., object]:
    """Sets the type of the query parameters of `route`, which FastAPI reads from the signature.

    The annotation in the source has a type variable in place of the app's enum.
    """
    written = signature(route)
    query = Parameter(
        "query", Parameter.POSITIONAL_OR_KEYWORD, annotation=Annotated[model, Query()]
    )
    parameters = [written.parameters["owner_id"], query]
    setattr(route, "__signature__", written.replace(parameters=parameters))  # PEP 362
    return route
