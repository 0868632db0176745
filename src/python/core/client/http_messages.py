"""Converts requests to those of httpx, and what httpx returns or raises to answers."""

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

import httpx

from core.client.answers import Answer
from core.client.exceptions import NoAnswer
from core.client.exchanges import Request
from core.client.tls_mistakes import tls_mistake
from core.ledgers.errors import ConfigurationError

# The request has not reached the service when these are raised.
_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout)
_NOT_SENT = (*_NOT_CONNECTED, httpx.PoolTimeout)
_UNREACHABLE = "is the service running, and is this its address?"


class Endpoint:
    """The address of a service, and the key for it.

    Raises ConfigurationError if one of them can never work.
    """

    def __init__(self, url: str, api_key: str | None) -> None:
        self._url = _service_url(url)
        self._headers = {"Accept": "application/json"}
        if api_key is not None:
            if not api_key or not api_key.isascii() or not api_key.isprintable():
                raise ConfigurationError("The API key must be printable ASCII, without line breaks")
            self._headers["Authorization"] = f"Bearer {api_key}"

    def build(
        self, client: httpx.Client | httpx.AsyncClient, request: Request, timeouts: "TryTimeouts"
    ) -> httpx.Request:
        content_type = {} if request.body is None else {"Content-Type": "application/json"}
        return client.build_request(
            request.method,
            self._url + request.path,
            params=request.query or None,
            content=request.body,
            headers={**self._headers, **content_type},
            extensions=timeouts.extensions,
        )

    def no_answer(self, error: httpx.RequestError) -> NoAnswer:
        """Returns the exception for a try that got no answer because of `error`."""
        reason = str(error) or type(error).__name__
        mistake = tls_mistake(error)
        advice = mistake or (_UNREACHABLE if isinstance(error, _NOT_CONNECTED) else None)
        return NoAnswer(
            f"No answer from {self._url}: {reason}",
            not isinstance(error, _NOT_SENT),
            advice,
            lasting=mistake is not None,
        )

    def too_late(self) -> NoAnswer:
        """Returns the exception for a try that took too long."""
        return NoAnswer(f"No answer from {self._url} in time", True)


def _service_url(url: str) -> str:
    """Returns the URL of a service as messages and logs show it, without a slash at its end.

    Raises ConfigurationError without any part of `url`, where a user may have put a secret.
    """
    # Before it is parsed, because a password with a slash would be a part of the path.
    if "@" in url:
        raise ConfigurationError(
            "The service's URL must not contain a user or a password, because messages show it: "
            "remove them and the @. For Basic authentication, give the client "
            "an `http` with `auth` instead of a key. In a path, write @ as %40"
        )
    if "?" in url or "#" in url:
        raise ConfigurationError("The service's URL must end with its path: remove what follows")
    with suppress(httpx.InvalidURL, UnicodeError):  # UnicodeError: the host is not valid IDNA
        parsed = httpx.URL(url)
        if parsed.scheme in ("http", "https") and parsed.host:
            return str(parsed).rstrip("/")
    raise ConfigurationError(
        "The service's URL is not valid; write it as http://ledger.internal:8000"
    )


class TryTimeouts:
    """The time that one try may take, in seconds, as the extensions of a request of httpx.

    A timeout of httpx is that of one phase: connecting, sending, reading. Each phase gets what the
    phases before it have left.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._phases = dict.fromkeys(("connect", "pool", "read", "write"), seconds)
        self.extensions: dict[str, object] = {"timeout": self._phases}

    def over(self) -> bool:
        return time.monotonic() >= self._end

    def follow_phases(self) -> None:
        """Updates the timeouts of a synchronous request when each of its phases begins."""
        self.extensions["trace"] = self._trace

    def _trace(self, event: str, _: Mapping[str, object]) -> None:
        if event.endswith(".started"):
            left = max(self._end - time.monotonic(), 0.001)  # zero would mean not to wait at all
            self._phases.update(dict.fromkeys(self._phases, left))


def answer(response: httpx.Response, body: bytes) -> Answer:
    return Answer(response.status_code, body, _retry_after(response.headers.get("retry-after")))


def _retry_after(value: str | None) -> float | None:
    """Returns the seconds of the header Retry-After, which has a number or a time."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=timezone.utc)
    return max((until - datetime.now(timezone.utc)).total_seconds(), 0)
