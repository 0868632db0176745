"""The responses to requests that never reach the application."""

from dataclasses import dataclass

from core.http_server.limits import MAX_HEAD_BYTES
from core.ledgers.errors import LedgerError
from core.service.problems import PROBLEM_JSON, RETRY_AFTER_SECONDS, Problem, title, unavailable


@dataclass(frozen=True)
class Refusal:
    """A response with a problem document. It closes the connection."""

    status: int
    code: str
    detail: str
    header: str = ""

    def response(self, request_id: str) -> bytes:
        problem = Problem(
            title=title(self.status),
            status=self.status,
            code=self.code,
            detail=self.detail,
            request_id=request_id,
        )
        body = problem.model_dump_json().encode()
        head = (
            f"HTTP/1.1 {problem.status} {problem.title}\r\n"
            f"content-type: {PROBLEM_JSON}\r\n"
            f"content-length: {len(body)}\r\n"
            f"x-request-id: {request_id}\r\n"
            f"{self.header}connection: close\r\n\r\n"
        )
        return head.encode() + body


def refusal_for_now(error: LedgerError) -> Refusal:
    """Returns a 503: the request may succeed on another connection."""
    problem = unavailable(error)
    retry_after = f"retry-after: {RETRY_AFTER_SECONDS}\r\n"
    return Refusal(problem.status, problem.code, problem.detail, retry_after)


BAD_REQUEST = Refusal(400, "bad_request", "This is not a valid HTTP/1.1 request")
HEAD_TOO_LARGE = Refusal(
    431,
    "request_header_fields_too_large",
    f"The request line and the headers must have at most {MAX_HEAD_BYTES // 1024} KiB",
)
REQUEST_TIMEOUT = Refusal(
    408, "request_timeout", "The request did not arrive completely in time; nothing was written"
)
