"""Refuses a request body that is too large, before it is read into memory."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 64 * 1024
MAX_BATCH_BYTES = 8 * 1024 * 1024  # the longest identifiers, escaped, make 6 KiB of an entry


class BodyLimit:
    """ASGI middleware. Raises HTTPException 413 to whoever reads too large a body."""

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
                # Close, for the rest of the body is still on its way.
                raise HTTPException(
                    413, f"The body has more than {limit} bytes", {"Connection": "close"}
                )
            return message

        await self._app(scope, limited, send)
