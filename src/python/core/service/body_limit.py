"""Rejects request bodies that are too large, before they are read into memory."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 64 * 1024
MAX_BATCH_BYTES = 8 * 1024 * 1024  # an entry is up to 6 KiB, with the longest identifiers escaped


class BodyLimit:
    """ASGI middleware that raises HTTPException 413 when too large a body is read.

    If the request says how long its body is, nothing of it is read: a client that waits for
    `100 Continue` does not send it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        batch = scope["path"].endswith("/ledger/batch")
        limit = MAX_BATCH_BYTES if batch else MAX_BODY_BYTES
        received = -1  # nothing was asked for yet

        async def limited() -> Message:
            nonlocal received
            if received < 0:
                received = 0
                _check(_declared_length(scope), limit)
            message = await receive()
            received += len(message.get("body", b""))
            _check(received, limit)
            return message

        await self._app(scope, limited, send)


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value)
    return 0


def _check(length: int, limit: int) -> None:
    if length > limit:
        # Close the connection, because the client is still sending the rest of the body.
        raise HTTPException(
            413, f"The body must have at most {limit} bytes", {"Connection": "close"}
        )
