"""The exceptions for problem documents that have no fields of their own, by their code."""

from typing import Final

from core.client.exceptions import Problem


class InvalidCursor(Problem):
    """The cursor was altered, or is of another owner, order or filter."""

    code = "invalid_cursor"


class EntryNotFound(Problem):
    """The owner has no entry with this nonce."""

    code = "entry_not_found"


class NotFound(Problem):
    """The service has no such path: its URL may be wrong, or its release too old."""

    code = "not_found"


class MethodNotAllowed(Problem):
    """The path does not take this method: the service's URL may be wrong."""

    code = "method_not_allowed"


class Unauthorized(Problem):
    """The service needs an API key, and has none or an invalid one from this client."""

    code = "unauthorized"


class Forbidden(Problem):
    """The API key lacks the scope that the message names."""

    code = "forbidden"


class BadRequest(Problem):
    """The request was not valid HTTP when it arrived: a proxy may have altered it."""

    code = "bad_request"


class ContentTooLarge(Problem):
    """The request's body is too large: send fewer posts at once."""

    code = "content_too_large"


class UnsupportedMediaType(Problem):
    """The request was not JSON when it arrived: a proxy may have altered it."""

    code = "unsupported_media_type"


class RequestTimeout(Problem):
    """The request took the service too long to receive."""

    code = "request_timeout"


class HeaderFieldsTooLarge(Problem):
    """The head of the request is too large: the path, or a header that a proxy has added."""

    code = "request_header_fields_too_large"


class InternalError(Problem):
    """The service has a bug, which its log describes."""

    code = "internal_error"


class Unavailable(Problem):
    """The service cannot answer for now: base class of the problems with status 503."""


class DatabaseUnavailable(Unavailable):
    """The service's database cannot be reached, or did not respond in time."""

    code = "database_unavailable"


class DatabaseNotMigrated(Unavailable):
    """The service's database lacks a migration."""

    code = "database_not_migrated"


class DatabaseAccessDenied(Unavailable):
    """The service's database role lacks what the message names."""

    code = "database_access_denied"


class Overloaded(Unavailable):
    """Too many requests are waiting, or too many connections are open."""

    code = "overloaded"


class OwnerBusy(Unavailable):
    """Another transaction holds the lock on the owner."""

    code = "owner_busy"


class ShuttingDown(Unavailable):
    """The service stops. Another one may accept the request."""

    code = "shutting_down"


PLAIN: Final[dict[str, type[Problem]]] = {
    problem.code: problem
    for problem in (
        InvalidCursor,
        EntryNotFound,
        NotFound,
        MethodNotAllowed,
        Unauthorized,
        Forbidden,
        BadRequest,
        ContentTooLarge,
        UnsupportedMediaType,
        RequestTimeout,
        HeaderFieldsTooLarge,
        InternalError,
        DatabaseUnavailable,
        DatabaseNotMigrated,
        DatabaseAccessDenied,
        Overloaded,
        OwnerBusy,
        ShuttingDown,
    )
}
