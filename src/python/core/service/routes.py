"""The routes that post an entry or a batch of entries."""

from collections.abc import Awaitable, Callable
from inspect import Parameter, Signature
from typing import Any, TypeVar

from fastapi import FastAPI, Response
from pydantic import BaseModel

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import BatchOutcome
from core.ledgers.requests import Batch
from core.ledgers.schemas import BatchRequest, PostRequest
from core.service.authentication import authorize_posts
from core.service.group_queue import GroupQueue
from core.service.ledger_schemas import LedgerSchemas
from core.service.problems import (
    UNAVAILABLE,
    BalanceLimit,
    BalanceLimitInBatch,
    InsufficientBalance,
    InsufficientBalanceInBatch,
    Problem,
)
from core.service.quantities import check_quantity
from core.service.recorded_posts import RecordedPosts
from core.service.responses import Responses, respond

BodyT = TypeVar("BodyT", bound=BaseModel)

_REFUSED: dict[int | str, dict[str, Any]] = {
    413: {"model": Problem},
    415: {"model": Problem},
    **UNAVAILABLE,
}


def add_posting_routes(
    app: FastAPI,
    ledger: Ledger[OperationT],
    schemas: LedgerSchemas[OperationT],
    posts: Callable[[], GroupQueue[Batch[OperationT], BatchOutcome[OperationT]]],
    recorded: RecordedPosts,
) -> None:
    """Adds `POST /ledger` and `POST /ledger/batch`.

    `posts` returns the queue of the running event loop.
    """
    responses = Responses(schemas, ledger.limits)

    async def post_entry(request: PostRequest[OperationT]) -> Response:
        post = request.to_post()
        batch = Batch((post,))
        recorded.begin(batch.posts)
        try:
            authorize_posts(batch.posts)
            check_quantity(ledger, post)
            reply = responses.for_post(await posts().submit_one(batch))
        except Exception as error:
            recorded.failed(batch.posts, error)
            raise
        recorded.replied(batch.posts, reply)
        return respond(reply)

    async def post_batch(request: BatchRequest[OperationT]) -> Response:
        """Posts up to 1,000 entries in order.

        An atomic batch returns 201 if every entry is posted. Otherwise, nothing is written and the
        response is the problem of the first refused entry, or `batch_already_posted` if all of
        them were posted before, which a client that retries can treat as success. A batch that is
        not atomic returns 200 with an outcome for each entry.
        """
        batches = request.to_batches()
        posted = [post for batch in batches for post in batch.posts]
        recorded.begin(posted)
        try:
            authorize_posts(posted)
            for index, post in enumerate(posted):
                check_quantity(ledger, post, "entries", index)
            if request.atomic:
                [batch] = batches
                outcome = await posts().submit_one(batch, size=len(batch.posts))
                reply = responses.for_atomic_batch(batch, outcome)
                recorded.replied(posted, reply)
                return respond(reply)
            results = responses.for_other_batch(await posts().submit(batches))
        except Exception as error:
            recorded.failed(posted, error)
            raise
        recorded.replied_one_by_one(posted, results)
        return respond(results)

    _add_routes(
        app,
        schemas,
        _with_body(post_entry, schemas.post_request),
        _with_body(post_batch, schemas.batch_request),
    )


def _add_routes(
    app: FastAPI,
    schemas: LedgerSchemas[OperationT],
    post_entry: Callable[..., Awaitable[Response]],
    post_batch: Callable[..., Awaitable[Response]],
) -> None:
    for path in ("/ledger", "/ledger/"):  # RoutedPath leaves the second one alone
        app.add_api_route(
            path,
            post_entry,
            methods=["POST"],
            tags=["ledger"],
            status_code=201,
            response_model=schemas.posted_entry,
            responses={
                400: {"model": InsufficientBalance | BalanceLimit},
                409: {"model": schemas.conflict},
                **_REFUSED,
            },
            include_in_schema=path == "/ledger",
        )
    app.add_api_route(
        "/ledger/batch",
        post_batch,
        methods=["POST"],
        tags=["ledger"],
        status_code=201,
        response_model=schemas.posted_batch,
        responses={
            200: {
                "model": schemas.batch_result,
                "description": "Not atomic: the outcome of each entry.",
            },
            400: {"model": InsufficientBalanceInBatch | BalanceLimitInBatch},
            409: {"model": schemas.conflict_of_batch},
            **_REFUSED,
        },
    )


def _with_body(
    route: Callable[[BodyT], Awaitable[Response]], model: type[BodyT]
) -> Callable[[BodyT], Awaitable[Response]]:
    """Sets the type of the request body of `route`, which FastAPI reads from the signature.

    The annotation in the source has a type variable in place of the app's enum.
    """
    body = Parameter("request", Parameter.POSITIONAL_OR_KEYWORD, annotation=model)
    setattr(route, "__signature__", Signature([body]))  # PEP 362
    return route
