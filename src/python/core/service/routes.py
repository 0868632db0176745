"""The ledger's two routes, typed with the app's own enum."""

from typing import Annotated
from urllib.parse import quote, unquote_to_bytes

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException

from core.ledgers.errors import InvalidIdentifier
from core.ledgers.operations import OperationT
from core.ledgers.posting import Duplicate, Insufficient, Outcome, Posted
from core.ledgers.schemas import EntryModel, OwnerBalance, PostedEntry, PostRequest
from core.ledgers.store import LedgerStore
from core.service.problems import (
    DuplicateNonce,
    InsufficientBalance,
    InvalidRequest,
    Problem,
    respond,
    title,
)


class _AnyText(Convertor[str]):
    """Starlette's own convertors stop at a slash or a line break, which an owner_id may have."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return quote(value, safe="")


register_url_convertor("any_text", _AnyText())


def owner_in_path(
    request: Request,
    owner_id: Annotated[str, Path(description="Percent-encoded, a slash as %2F.")],
) -> str:
    """The exact owner_id, from the path as it was sent.

    The decoded path that `owner_id` comes from cannot tell an encoded slash from a real one.
    """
    sent: bytes = request.scope["raw_path"].removeprefix(request.scope["root_path"].encode())
    encoded = sent.split(b"/", 2)[2].removesuffix(b"/")
    if b"/" in encoded:
        raise HTTPException(404, f"Nothing is here; an owner_id is encoded: {owner_id!r}")
    try:
        return unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        raise InvalidIdentifier("owner_id must be percent-encoded UTF-8") from None


def ledger_router(store: LedgerStore[OperationT]) -> APIRouter:
    """`GET /ledger/{owner_id}` and `POST /ledger` for the store's ledger."""
    # FastAPI reads annotations when a route is made: give it the app's enum, not the type variable.
    operations = store.ledger.operations
    request_model = PostRequest[operations]  # type: ignore[valid-type]  # known at run time only
    posted_model = PostedEntry[operations]  # type: ignore[valid-type]  # the same
    duplicate_model = DuplicateNonce[operations]  # type: ignore[valid-type]  # the same
    entry_model = EntryModel[operations]  # type: ignore[valid-type]  # the same

    def read_balance(owner_id: Annotated[str, Depends(owner_in_path)]) -> OwnerBalance:
        return OwnerBalance(owner_id=owner_id, balance=store.balance(owner_id))

    def post_entry(request: PostRequest[OperationT]) -> Response:
        [outcome] = store.post([request.to_post()])
        return answer(outcome)

    def answer(outcome: Outcome[OperationT]) -> Response:
        match outcome:
            case Posted():
                posted = posted_model.of_posted(outcome)
                return Response(posted.model_dump_json(), 201, media_type="application/json")
            case Duplicate():
                return respond(_duplicate(duplicate_model, entry_model, outcome))
            case Insufficient():
                return respond(_insufficient(outcome))

    post_entry.__annotations__["request"] = request_model
    router = APIRouter(tags=["ledger"])
    router.add_api_route(
        "/ledger/{owner_id:any_text}",
        read_balance,
        methods=["GET"],
        responses={422: {"model": InvalidRequest}, 503: {"model": Problem}},
    )
    for path in ("/ledger", "/ledger/"):
        router.add_api_route(
            path,
            post_entry,
            methods=["POST"],
            status_code=201,
            response_model=posted_model,
            responses={
                400: {"model": InsufficientBalance},
                409: {"model": duplicate_model},
                413: {"model": Problem},
                422: {"model": InvalidRequest},
                503: {"model": Problem},
            },
            include_in_schema=path == "/ledger",
        )
    return router


def _duplicate(
    duplicate_model: type[DuplicateNonce[OperationT]],
    entry_model: type[EntryModel[OperationT]],
    duplicate: Duplicate[OperationT],
) -> DuplicateNonce[OperationT]:
    original, nonce = duplicate.original, duplicate.original.nonce
    detail = f"Duplicate transaction: nonce {nonce!r} of this owner is entry {original.id} already"
    if duplicate.reused:
        detail += f", for another operation ({original.operation.value}); use a new nonce"
    return duplicate_model(
        title=title(409),
        status=409,
        code="nonce_reused" if duplicate.reused else "duplicate_nonce",
        detail=detail,
        entry=entry_model.of(original),
    )


def _insufficient(insufficient: Insufficient) -> InsufficientBalance:
    amount, balance = insufficient.amount, insufficient.balance
    return InsufficientBalance(
        title=title(400),
        status=400,
        detail=f"Insufficient balance: this takes {-amount}, the owner has {balance}",
        amount=amount,
        balance=balance,
    )
