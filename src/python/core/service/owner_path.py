"""Keeps an owner_id in a path exact, whatever characters it has.

Servers decode a path before it is routed, which turns an owner's encoded slash into a separator.
Here `%2F` and `%25` stay encoded until a route has matched: `/ledger/a%2Fb` is the owner `a/b`,
and `/ledger/a/b` is another path.
"""

import re
from urllib.parse import quote, unquote_to_bytes

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send

from core.ledgers.errors import InvalidIdentifier

_STAYS_ENCODED = re.compile(rb"%(?=2[Ff]|25)")


class EncodedSlashes:
    """ASGI middleware: gives routes the path in which `%2F` and `%25` are still encoded."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if b"%" in scope.get("raw_path", b""):
            path = unquote_to_bytes(_STAYS_ENCODED.sub(b"%25", scope["raw_path"]))
            scope = {**scope, "path": path.decode(errors="surrogateescape")}
        await self._app(scope, receive, send)


class _OwnerId(Convertor[str]):
    """A path's segment, decoded in full. An empty one matches, and is no valid owner_id."""

    regex = "[^/]*"

    def convert(self, value: str) -> str:
        try:
            return unquote_to_bytes(value.encode(errors="surrogateescape")).decode()
        except UnicodeDecodeError:
            raise InvalidIdentifier("owner_id must be percent-encoded UTF-8") from None

    def to_string(self, value: str) -> str:
        return quote(value, safe="")


register_url_convertor("owner_id", _OwnerId())
