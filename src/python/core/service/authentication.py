"""Authenticates requests by API key, and names the scope that a key lacks."""

from collections.abc import Awaitable, Collection, Iterable
from contextvars import ContextVar
from datetime import datetime, timezone

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.keys.api_keys import ApiKey, KeyRing
from core.keys.scopes import POST, READ, MissingScope, post_scope
from core.ledgers.operations import OperationT
from core.ledgers.requests import Post
from core.logs.current_requests import current_request
from core.service.problems import plain_problem, problem_response

KEY_PATH = "/key"
"""The path that says what a key may do, which any valid key may ask."""

_current: ContextVar[ApiKey | None] = ContextVar("key of the request", default=None)


class Authentication:
    """ASGI middleware that refuses requests without a valid key, and reads without the scope.

    `open_paths` need no key; every other path does, whether or not it exists. What may be posted
    depends on the body: see authorize_posts.
    """

    def __init__(self, app: ASGIApp, keys: KeyRing, open_paths: Collection[str]) -> None:
        self._app = app
        self._keys = keys
        self._open_paths = open_paths

    # Not a coroutine function, to spare every request another coroutine.
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http":
            path: str = scope["path"].removeprefix(scope.get("root_path", ""))
            if path not in self._open_paths:
                refusal = self._refusal(scope, path)
                if refusal is not None:
                    return refusal(scope, receive, send)
        return self._app(scope, receive, send)

    def _refusal(self, scope: Scope, path: str) -> Response | None:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        if scheme.lower() != b"bearer":
            return _unauthorized("Send a key: Authorization: Bearer KEY", "")
        key = self._keys.find(token.strip())
        if key is None:
            return _unauthorized("The key is not known to this service", "invalid_token")
        if key.expires is not None and key.expires <= datetime.now(timezone.utc):
            expired = f"The key {key.name!r} expired at {key.expires.isoformat()}"
            return _unauthorized(expired, "invalid_token")
        if scope["method"] == "GET" and READ not in key.scopes and path != KEY_PATH:
            return forbidden(MissingScope(key.name, READ))
        _current.set(key)
        if request := current_request():
            request.key_name = key.name
        return None


def current_key() -> ApiKey | None:
    """Returns the key of the current request; None if the service has no keys."""
    return _current.get()


def authorize_posts(posts: Iterable[Post[OperationT]]) -> None:
    """Raises MissingScope if the key of the current request may not post one of the operations."""
    key = _current.get()
    if key is None or POST in key.scopes:
        return
    for post in posts:
        needed = post_scope(post.operation.value)
        if needed not in key.scopes:
            raise MissingScope(key.name, needed)


def forbidden(error: MissingScope) -> Response:
    return problem_response(plain_problem(403, error.code, str(error)))


def _unauthorized(detail: str, error: str) -> Response:
    # https://www.rfc-editor.org/rfc/rfc6750#section-3
    challenge = 'Bearer realm="ledger"' + (f', error="{error}"' if error else "")
    problem = plain_problem(401, "unauthorized", detail)
    return problem_response(problem, {"WWW-Authenticate": challenge})
