"""The bodies of error responses: RFC 9457 problem documents, with a stable code."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Generic, Literal

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema
from starlette.responses import Response

from core.ledgers.errors import LedgerError
from core.ledgers.operations import OperationT
from core.ledgers.schemas import EntryModel
from core.logs.current_requests import current_request, current_request_id

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_SECONDS = 1  # of every 503

_STABLE = Field(description="Identifies the kind of problem; stable across releases.")


class ProblemDocument(BaseModel):
    """A problem document: https://www.rfc-editor.org/rfc/rfc9457."""

    type: Literal["about:blank"] = "about:blank"
    title: str = Field(description="The reason phrase of the status.")
    status: int
    detail: str = Field(description="A human-readable explanation.")
    request_id: str = Field(
        default_factory=current_request_id,
        description="The request's `X-Request-ID`, which the service's log has, too.",
    )


class Problem(ProblemDocument):
    """A problem with no fields besides its code."""

    code: Annotated[str, _STABLE]


class InvalidField(BaseModel):
    field: str
    message: str


class InvalidRequest(ProblemDocument):
    """422: the request is malformed. Nothing was written.

    `quantity_not_allowed` means that an operation of a fixed amount has a quantity other than 1.
    """

    code: Annotated[Literal["invalid_request", "quantity_not_allowed"], _STABLE] = "invalid_request"
    errors: list[InvalidField]


class UnusableCursor(ProblemDocument):
    """400: the cursor was altered, or it belongs to another owner, order or filter."""

    code: Annotated[Literal["invalid_cursor"], _STABLE] = "invalid_cursor"


class EntryNotFound(ProblemDocument):
    """404: the owner has no entry with this nonce."""

    code: Annotated[Literal["entry_not_found"], _STABLE] = "entry_not_found"


class DuplicateNonce(ProblemDocument, Generic[OperationT]):
    """409: the owner has already used this nonce, for `entry`. Nothing was written.

    `duplicate_nonce` means that the request repeats the same operation; a client that retries can
    treat it as success. `nonce_reused` means that the operation is a different one, which is a
    mistake in the client.
    """

    code: Annotated[Literal["duplicate_nonce", "nonce_reused"], _STABLE]
    # An entry of an operation that only a newer release has does not fit this release's schema.
    entry: EntryModel[OperationT] | SkipJsonSchema[dict[str, object]]


class InsufficientBalance(ProblemDocument):
    """400: the balance is too low. Nothing was written, and the nonce can still be used."""

    code: Annotated[Literal["insufficient_balance"], _STABLE] = "insufficient_balance"
    amount: int
    balance: int


class BalanceLimit(ProblemDocument):
    """400: the balance would become too high. Nothing was written; the nonce can still be used."""

    code: Annotated[Literal["balance_limit"], _STABLE] = "balance_limit"
    amount: int
    balance: int


class OperationLimit(ProblemDocument, Generic[OperationT]):
    """409: the owner has had the operation posted as often as its limit allows.

    Nothing was written, and the nonce can still be used.
    """

    code: Annotated[Literal["limit_reached"], _STABLE] = "limit_reached"
    operation: OperationT
    allowed: int = Field(description="How often it may be posted in a period, or ever.")
    resets_at: datetime | None = Field(description="When it may be posted again; null for never.")
    entry: EntryModel[OperationT] | SkipJsonSchema[dict[str, object]] | None = Field(
        description="The latest that counts; null if only entries of the same batch do."
    )


class RefusedInBatch(BaseModel):
    """Identifies the entry because of which nothing in the batch was written."""

    index: int = Field(description="The index of the first refused entry, starting at 0.")


class DuplicateNonceInBatch(DuplicateNonce[OperationT], RefusedInBatch, Generic[OperationT]):
    """409: the owner has already used this entry's nonce. Nothing of the batch was written.

    `nonce_reused`, even if the operation is the same: it is not a retry of this batch, of which at
    least one entry is new. That the nonce was used is a mistake in the client.
    """


class BatchAlreadyPosted(ProblemDocument, Generic[OperationT]):
    """409: the whole batch was posted before, as `entries`. Nothing was written.

    A client that retries can treat it as success.
    """

    code: Annotated[Literal["batch_already_posted"], _STABLE] = "batch_already_posted"
    entries: list[EntryModel[OperationT]] = Field(description="In the order of the request.")


class InsufficientBalanceInBatch(InsufficientBalance, RefusedInBatch):
    __doc__ = InsufficientBalance.__doc__


class OperationLimitInBatch(OperationLimit[OperationT], RefusedInBatch, Generic[OperationT]):
    __doc__ = OperationLimit.__doc__


class BalanceLimitInBatch(BalanceLimit, RefusedInBatch):
    __doc__ = BalanceLimit.__doc__


UNAVAILABLE: dict[int | str, dict[str, Any]] = {
    422: {"model": InvalidRequest},
    503: {"model": Problem},
}
"""What every route of the ledger documents."""

# Not from http.HTTPStatus, whose phrases differ between Python versions.
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def title(status: int) -> str:
    return _TITLES.get(status, "Error")


def plain_problem(status: int, code: str, detail: str) -> Problem:
    """Returns a problem with no fields besides its code."""
    return Problem(title=title(status), status=status, code=code, detail=detail)


def problem_response(
    problem: ProblemDocument, headers: Mapping[str, str] | None = None
) -> Response:
    """Returns the response whose body is `problem`. The request's outcome is its code."""
    if request := current_request():
        request.outcome = str(vars(problem)["code"])
    return Response(problem.model_dump_json(), problem.status, headers, PROBLEM_JSON)


def unavailable(error: LedgerError) -> Problem:
    """Returns the problem for a 503: the same request may succeed later."""
    return plain_problem(503, error.code, str(error))


def internal_error() -> Problem:
    """Returns the problem for a 500: a bug in the service."""
    detail = "This is a bug in the service; its log has the details."
    return plain_problem(500, "internal_error", detail)
