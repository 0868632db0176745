"""Rejects request bodies that are too large, before they are read into memory."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 64 * 1024
MAX_BATCH_BYTES = 8 * 1024 * 1024  # an entry is up to 6 KiB, with the longest identifiers escaped


class BodyLimit:
    """ASGI middleware that raises HTTPException 413 when too large a body is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        batch = scope["path"].endswith("/ledger/batch")
        limit = MAX_BATCH_BYTES if batch else MAX_BODY_BYTES
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                # Close the connection, because the client is still sending the rest of the body.
                raise HTTPException(
                    413, f"The body must have at most {limit} bytes", {"Connection": "close"}
                )
            return message

        await self._app(scope, limited, send)
