"""Refuses a request body over 64 KiB, before it is read into memory."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 64 * 1024


class BodyLimit:
    """ASGI middleware. Raises HTTPException 413 to whoever reads too large a body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                # Close, for the rest of the body is still on its way.
                raise HTTPException(
                    413, f"The body has more than {MAX_BODY_BYTES} bytes", {"Connection": "close"}
                )
            return message

        await self._app(scope, limited, send)
