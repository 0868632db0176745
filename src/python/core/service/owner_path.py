"""Prepares the path of a request for routing: allows any character in an owner_id and a nonce.

ASGI servers decode a path before routing, which would turn an encoded slash in one of them into a
path separator. Here `%2F` and `%25` stay encoded until a route has matched, so `/ledger/a%2Fb`
refers to the owner `a/b`, and `/ledger/a/b` matches no route.
"""

import re
from collections.abc import Awaitable
from typing import Annotated
from urllib.parse import quote, unquote_to_bytes

from fastapi import Path
from starlette.convertors import Convertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send

from core.ledgers.errors import InvalidIdentifier
from core.ledgers.schemas import NONCE_SCHEMA, OWNER_ID_SCHEMA
from core.logs.current_requests import current_request

_ENCODED = "Percent-encoded; a slash is `%2F`."

OwnerIdInPath = Annotated[str, Path(description=_ENCODED, json_schema_extra=OWNER_ID_SCHEMA)]
NonceInPath = Annotated[str, Path(description=_ENCODED, json_schema_extra=NONCE_SCHEMA)]

_KEEP_SLASH = ("/", "/ledger/")
_STAYS_ENCODED = re.compile(rb"%(?=2[Ff]|25)")


class RoutedPath:
    """ASGI middleware that leaves `%2F` and `%25` encoded in the path that is routed.

    It removes a trailing slash, so that each path has one route. `/` keeps it, and so does
    `/ledger/`: that is the path of an empty owner_id, which is reported as such.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    # Not a coroutine function, to spare every request another coroutine.
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        path = routed = scope.get("path", "")
        if b"%" in scope.get("raw_path", b""):
            encoded = unquote_to_bytes(_STAYS_ENCODED.sub(b"%25", scope["raw_path"]))
            routed = encoded.decode(errors="surrogateescape")
        if routed.endswith("/") and routed[len(scope.get("root_path", "")) :] not in _KEEP_SLASH:
            routed = routed[:-1]
        if routed != path:
            scope = {**scope, "path": routed}
        if request := current_request():
            request.routed = scope
        return self._app(scope, receive, send)


class _Identifier(Convertor[str]):
    """Decodes a path segment completely.

    An empty segment matches too, so that it is reported as an invalid identifier.
    """

    regex = "[^/]*"

    def __init__(self, field: str) -> None:
        self._field = field

    def convert(self, value: str) -> str:
        try:
            return unquote_to_bytes(value.encode(errors="surrogateescape")).decode()
        except UnicodeDecodeError:
            raise InvalidIdentifier(self._field, "must be percent-encoded UTF-8") from None

    def to_string(self, value: str) -> str:
        return quote(value, safe="")


for _field in ("owner_id", "nonce"):
    register_url_convertor(_field, _Identifier(_field))
