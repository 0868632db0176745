"""The problem documents that the service answers errors with: RFC 9457, with a stable code."""

from typing import Annotated, Generic, Literal

from pydantic import BaseModel, Field

from core.ledgers.errors import LedgerError
from core.ledgers.operations import OperationT
from core.ledgers.schemas import EntryModel

PROBLEM_JSON = "application/problem+json"

_STABLE = Field(description="Stable: programs may compare it.")


class ProblemDocument(BaseModel):
    """Why a request was refused: https://www.rfc-editor.org/rfc/rfc9457."""

    type: Literal["about:blank"] = "about:blank"
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What happened, for a person.")


class Problem(ProblemDocument):
    """A problem that needs no more than its code."""

    code: Annotated[str, _STABLE]


class InvalidField(BaseModel):
    field: str
    message: str


class InvalidRequest(ProblemDocument):
    """422: the request is malformed. Nothing was written."""

    code: Annotated[Literal["invalid_request"], _STABLE] = "invalid_request"
    errors: list[InvalidField]


class DuplicateNonce(ProblemDocument, Generic[OperationT]):
    """409: the owner has used this nonce before, for `entry`. Nothing was written.

    `duplicate_nonce` is a retry of the same operation, and safe to take for a success;
    `nonce_reused` is another operation, and a mistake of the caller.
    """

    code: Annotated[Literal["duplicate_nonce", "nonce_reused"], _STABLE]
    entry: EntryModel[OperationT]


class InsufficientBalance(ProblemDocument):
    """400: the owner has too few credits. Nothing was written, and the nonce is still unused."""

    code: Annotated[Literal["insufficient_balance"], _STABLE] = "insufficient_balance"
    amount: int
    balance: int


class RefusedInBatch(BaseModel):
    """Nothing of the batch was written, because of this one of its entries."""

    index: int = Field(description="The first refused entry, counted from 0.")


class DuplicateNonceInBatch(DuplicateNonce[OperationT], RefusedInBatch, Generic[OperationT]):
    __doc__ = DuplicateNonce.__doc__


class InsufficientBalanceInBatch(InsufficientBalance, RefusedInBatch):
    __doc__ = InsufficientBalance.__doc__


# Not from http.HTTPStatus, whose words differ between versions of Python.
_TITLES = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    422: "Unprocessable Content",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def title(status: int) -> str:
    return _TITLES.get(status, "Error")


def unavailable(error: LedgerError) -> Problem:
    """503: the same request may succeed later."""
    return Problem(title=title(503), status=503, code=error.code, detail=str(error))


def internal_error() -> Problem:
    """500: a defect of the service."""
    detail = "This is a defect of the service; its log has more."
    return Problem(title=title(500), status=500, code="internal_error", detail=detail)
