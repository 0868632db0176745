"""Every error that the service answers with, as RFC 9457 problem documents with a stable code."""

from collections.abc import Mapping
from typing import Annotated, Any, Generic, Literal

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from core.ledgers.errors import (
    DatabaseNotMigrated,
    DatabaseUnavailable,
    InvalidIdentifier,
    LedgerError,
)
from core.ledgers.operations import OperationT
from core.ledgers.schemas import EntryModel

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1

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


def respond(problem: ProblemDocument, headers: dict[str, str] | None = None) -> Response:
    return Response(
        problem.model_dump_json(),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


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


def install(app: FastAPI) -> None:
    """Answers every exception with a problem document, and says so in OpenAPI."""
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(InvalidIdentifier, _invalid_identifier)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DatabaseUnavailable, _unavailable)
    app.add_exception_handler(DatabaseNotMigrated, _unavailable)
    app.add_exception_handler(Exception, _defect)
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        schema = generate()
        for path in schema["paths"].values():
            for operation in path.values():
                for status, response in operation["responses"].items():
                    if int(status) >= 400 and "application/json" in response["content"]:
                        response["content"] = {MEDIA_TYPE: response["content"]["application/json"]}
        return schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def unavailable(error: LedgerError) -> Problem:
    """503: try again."""
    return Problem(title=title(503), status=503, code=error.code, detail=str(error))


def defect() -> Problem:
    """500: the log has more."""
    detail = "This is a defect of the service; its log has more."
    return Problem(title=title(500), status=500, code="internal_error", detail=detail)


def _invalid(*errors: InvalidField) -> Response:
    detail = "Invalid request: " + "; ".join(f"{e.field}: {e.message}" for e in errors)
    problem = InvalidRequest(title=title(422), status=422, detail=detail, errors=list(errors))
    return respond(problem)


# Starlette's type for a handler's second parameter is Exception; each of these asserts its own.


def _malformed(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _invalid(*(_invalid_field(problem) for problem in error.errors()))


def _invalid_field(problem: Mapping[str, Any]) -> InvalidField:
    # Never its `input`: that may be what no response can carry, such as a lone surrogate.
    if problem["type"] == "json_invalid":
        message = f"not JSON: {problem['ctx']['error']} at character {problem['loc'][-1]}"
        return InvalidField(field="body", message=message)
    message = problem["msg"].removeprefix("Value error, ")
    return InvalidField(field=".".join(map(str, problem["loc"])), message=message)


def _invalid_identifier(_: Request, error: Exception) -> Response:
    return _invalid(InvalidField(field="path.owner_id", message=str(error)))


def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # FastAPI's answer to a body that is not even text
        return _invalid(InvalidField(field="body", message=error.detail))
    code = "_".join(title(error.status_code).lower().split())
    status = error.status_code
    problem = Problem(title=title(status), status=status, code=code, detail=error.detail)
    return respond(problem, dict(error.headers or {}))


def _unavailable(_: Request, error: Exception) -> Response:
    assert isinstance(error, LedgerError)
    return respond(unavailable(error), {"Retry-After": str(RETRY_AFTER_SECONDS)})


def _defect(_: Request, error: Exception) -> Response:
    # Starlette raises it again after this answer, so that the server logs it with its traceback,
    # and closes the connection: say so, or the client's next request meets a closed one.
    return respond(defect(), {"Connection": "close"})
