"""Converts expected exceptions to problem documents; Observation handles all others."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from core.keys.scopes import MissingScope
from core.ledgers.errors import (
    ConfigurationError,
    DatabaseUnavailable,
    InvalidCursor,
    InvalidIdentifier,
    LedgerError,
    OperationNotMigrated,
    QuantityNotAllowed,
)
from core.service.allowed_methods import allowed_methods
from core.service.authentication import forbidden
from core.service.problems import (
    RETRY_AFTER_SECONDS,
    InvalidField,
    InvalidRequest,
    UnusableCursor,
    plain_problem,
    problem_response,
    title,
    unavailable,
)
from core.service.wrong_paths import method_not_allowed, not_found

# What FastAPI takes for JSON.
_JSON = re.compile(r"\s*application/([^;]+\+)?json\s*(;|$)", re.IGNORECASE)


def add_problem_handlers(app: FastAPI) -> None:
    """Adds a handler for each kind of expected exception."""
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(InvalidIdentifier, _invalid_identifier)
    app.add_exception_handler(InvalidCursor, _invalid_cursor)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(MissingScope, _missing_scope)
    for error in (DatabaseUnavailable, OperationNotMigrated, ConfigurationError):
        app.add_exception_handler(error, _unavailable)


def _invalid(*errors: InvalidField, quantity_not_allowed: bool = False) -> Response:
    detail = "Invalid request: " + "; ".join(f"{e.field}: {e.message}" for e in errors)
    problem = InvalidRequest(
        title=title(422),
        status=422,
        code="quantity_not_allowed" if quantity_not_allowed else "invalid_request",
        detail=detail,
        errors=list(errors),
    )
    return problem_response(problem)


# Starlette declares a handler's second parameter as Exception, so each handler asserts its type.


def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    declared = request.headers.get("content-type", "")
    if request.method == "POST" and not _JSON.match(declared):
        # FastAPI has not parsed the body, so its errors would be misleading.
        found = f"not {declared!r}" if declared else "which the request lacks"
        detail = f"Send the header 'Content-Type: application/json', {found}"
        problem = plain_problem(415, "unsupported_media_type", detail)
        return problem_response(problem, {"Accept-Post": "application/json"})
    problems = error.errors()
    return _invalid(
        *map(_invalid_field, problems),
        quantity_not_allowed=problems[0]["type"] == QuantityNotAllowed.code,
    )


def _invalid_field(problem: Mapping[str, Any]) -> InvalidField:
    # Leaves out the problem's `input`, which may not be encodable, such as a lone surrogate.
    if problem["type"] == "json_invalid":
        message = f"invalid JSON: {problem['ctx']['error']} at character {problem['loc'][-1]}"
        return InvalidField(field="body", message=message)
    message = problem["msg"].removeprefix("Value error, ")
    return InvalidField(field=".".join(map(str, problem["loc"])), message=message)


def _invalid_identifier(_: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidIdentifier)
    return _invalid(InvalidField(field=f"path.{error.field}", message=str(error)))


def _invalid_cursor(_: Request, error: Exception) -> Response:
    return problem_response(UnusableCursor(title=title(400), status=400, detail=str(error)))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers, detail = dict(error.headers or {}), error.detail
    if error.status_code == 405:
        allowed = allowed_methods(request)
        headers = {"Allow": allowed}
        detail += f": {method_not_allowed(request, allowed)}"
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
    if error.status_code == 400:  # raised by FastAPI for a body that it cannot decode
        return _invalid(InvalidField(field="body", message=error.detail))
    code = "_".join(title(error.status_code).lower().split())
    if error.status_code == 404:
        detail += f": {not_found(request)}"
    return problem_response(plain_problem(error.status_code, code, detail), headers)


def _missing_scope(_: Request, error: Exception) -> Response:
    assert isinstance(error, MissingScope)
    return forbidden(error)


def _unavailable(_: Request, error: Exception) -> Response:
    assert isinstance(error, LedgerError)
    return problem_response(unavailable(error), {"Retry-After": str(RETRY_AFTER_SECONDS)})
