"""The ledger's routes: reads a balance, posts an entry or a batch of them."""

from typing import Annotated, Any
from urllib.parse import quote, unquote_to_bytes

from fastapi import FastAPI, Path, Request, Response
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException

from core.ledgers.errors import InvalidIdentifier
from core.ledgers.identifiers import validated_owner_id
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.posting import BatchOutcome
from core.ledgers.requests import Batch
from core.ledgers.schemas import BatchRequest, OwnerBalance, PostRequest
from core.service.answers import Answers
from core.service.coalescing import Coalescer
from core.service.problems import (
    MEDIA_TYPE,
    InsufficientBalance,
    InsufficientBalanceInBatch,
    InvalidRequest,
    Problem,
)

JSON = "application/json"


class _AnyText(Convertor[str]):
    """Starlette's own convertors stop at a slash or a line break, which an owner_id may have."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return quote(value, safe="")


register_url_convertor("any_text", _AnyText())


def _owner(request: Request) -> str:
    """The exact owner_id, from the path as it was sent.

    The decoded path that FastAPI's own parameter comes from cannot tell an encoded slash from a
    real one.
    """
    sent: bytes = request.scope["raw_path"].removeprefix(request.scope["root_path"].encode())
    encoded = sent.split(b"/", 2)[2].removesuffix(b"/")
    if b"/" in encoded:
        shown = encoded.decode(errors="replace")
        raise HTTPException(404, f"Nothing is here; an owner_id is encoded: {shown!r}")
    try:
        return validated_owner_id(unquote_to_bytes(encoded).decode())
    except UnicodeDecodeError:
        raise InvalidIdentifier("owner_id must be percent-encoded UTF-8") from None


def install(
    app: FastAPI,
    ledger: Ledger[OperationT],
    posts: Coalescer[Batch[OperationT], BatchOutcome[OperationT]],
    balances: Coalescer[str, int],
) -> None:
    """Adds `GET /ledger/{owner_id}`, `POST /ledger` and `POST /ledger/batch` for the ledger."""
    answers = Answers(ledger)

    async def read_balance(
        request: Request,
        owner_id: Annotated[str, Path(description="Percent-encoded, a slash as %2F.")],
    ) -> Response:
        owner_id = _owner(request)
        answer = OwnerBalance(owner_id=owner_id, balance=await balances.do_one(owner_id))
        return Response(answer.model_dump_json(), media_type=JSON)

    async def post_entry(request: PostRequest[OperationT]) -> Response:
        outcome = await posts.do_one(Batch((request.to_post(),)))
        return _respond(*answers.to_post(outcome))

    async def post_batch(request: BatchRequest[OperationT]) -> Response:
        """Posts up to 1,000 entries in order.

        Atomic: 201 when all are posted; else the problem of the first refused entry, and nothing
        is written. Otherwise 200, and each entry has its own outcome.
        """
        batches = request.to_batches()
        if request.atomic:
            return _respond(*answers.to_atomic(await posts.do_one(batches[0])))
        return _respond(200, answers.to_each(await posts.do(batches)))

    post_entry.__annotations__["request"] = answers.request
    post_batch.__annotations__["request"] = answers.batch_request
    app.add_api_route(
        "/ledger/{owner_id:any_text}",
        read_balance,
        methods=["GET"],
        tags=["ledger"],
        response_model=OwnerBalance,
        responses={422: {"model": InvalidRequest}, 503: {"model": Problem}},
    )
    refused: dict[int | str, dict[str, Any]]
    refused = {413: {"model": Problem}, 422: {"model": InvalidRequest}, 503: {"model": Problem}}
    for path in ("/ledger", "/ledger/"):
        app.add_api_route(
            path,
            post_entry,
            methods=["POST"],
            tags=["ledger"],
            status_code=201,
            response_model=answers.posted,
            responses={
                400: {"model": InsufficientBalance},
                409: {"model": answers.duplicate},
                **refused,
            },
            include_in_schema=path == "/ledger",
        )
    app.add_api_route(
        "/ledger/batch",
        post_batch,
        methods=["POST"],
        tags=["ledger"],
        status_code=201,
        response_model=answers.posted_batch,
        responses={
            200: {"model": answers.batch, "description": "Not atomic: each its own outcome."},
            400: {"model": InsufficientBalanceInBatch},
            409: {"model": answers.duplicate_in_batch},
            **refused,
        },
    )


def _respond(status: int, body: str) -> Response:
    return Response(body, status, media_type=JSON if status < 300 else MEDIA_TYPE)
