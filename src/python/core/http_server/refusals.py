"""The responses to requests that never reach the application."""

from core.http_server.limits import MAX_HEAD_BYTES
from core.ledgers.errors import LedgerError
from core.service.problems import PROBLEM_JSON, RETRY_AFTER_SECONDS, Problem, title, unavailable


def refusal(status: int, code: str, detail: str) -> bytes:
    """Returns a response with a problem document. It closes the connection."""
    return _response(Problem(title=title(status), status=status, code=code, detail=detail))


def refusal_for_now(error: LedgerError) -> bytes:
    """Returns a 503, which closes the connection: the request may succeed on another one."""
    return _response(unavailable(error), f"retry-after: {RETRY_AFTER_SECONDS}\r\n")


def _response(problem: Problem, header: str = "") -> bytes:
    body = problem.model_dump_json().encode()
    head = (
        f"HTTP/1.1 {problem.status} {problem.title}\r\n"
        f"content-type: {PROBLEM_JSON}\r\n"
        f"content-length: {len(body)}\r\n"
        f"{header}connection: close\r\n\r\n"
    )
    return head.encode() + body


BAD_REQUEST = refusal(400, "bad_request", "This is not a valid HTTP/1.1 request")
HEAD_TOO_LARGE = refusal(
    431,
    "request_header_fields_too_large",
    f"The request line and the headers must have at most {MAX_HEAD_BYTES // 1024} KiB",
)
REQUEST_TIMEOUT = refusal(
    408, "request_timeout", "The request did not arrive completely in time; nothing was written"
)
