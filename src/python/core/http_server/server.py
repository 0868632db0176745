"""The HTTP server of a ledger's service: uvicorn, with our protocol and settings."""

import asyncio
import math
import socket
import time
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from core.http_server.connection import Connection, State
from core.http_server.limits import Limits
from core.http_server.protocol import HttpProtocol
from core.service.health import Drain
from core.settings.groups import ServiceSettings

_TICKS_PER_SECOND = 10  # of uvicorn's main loop


class HttpServer(uvicorn.Server):
    """Serves an application until a signal, or until `should_exit` is set.

    After a signal, it still serves for the seconds of the setting, while `drain` has begun. Another
    signal ends that early. `on_start` is called when the server accepts connections.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: ServiceSettings,
        *,
        port: int = 8000,
        drain: Drain | None = None,
        on_start: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                port=port,
                http=HttpProtocol,
                ws="none",
                log_config=None,
                access_log=settings.log_level == "debug",
                proxy_headers=settings.log_level == "debug",  # which only that log shows
                timeout_graceful_shutdown=settings.shutdown_timeout,
            )
        )
        self._drain = drain or Drain()
        self._drain_seconds = settings.drain_seconds
        self._drain_end = math.inf
        self._connections = State(Limits.of(settings), self._drain, access_log=settings.access_log)
        self.server_state = self._connections
        self._shutdown_timeout = settings.shutdown_timeout
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._drain_seconds and not self._drain.has_begun:
            self.stop()
        else:
            super().handle_exit(sig, frame)

    def stop(self) -> None:
        """Stops, after the drain. Has no effect if that has begun."""
        if not self._drain_seconds:
            self.should_exit = True
        elif not self._drain.has_begun:
            self._drain.has_begun = True
            self._drain_end = time.monotonic() + self._drain_seconds

    async def on_tick(self, counter: int) -> bool:
        if time.monotonic() >= self._drain_end:
            self.should_exit = True
        if counter % _TICKS_PER_SECOND == 0:
            now = asyncio.get_running_loop().time()
            for connection in self._open():
                connection.expire(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Gives the requests in flight most of the time that there is, then answers them."""
        loop = asyncio.get_running_loop()
        reserve = min(1, self._shutdown_timeout / 4)  # in which the answers are sent
        timer = loop.call_later(self._shutdown_timeout - reserve, self._end_connections)
        try:
            await super().shutdown(sockets)
        finally:
            timer.cancel()

    def _end_connections(self) -> None:
        for connection in self._open():
            connection.end()

    def _open(self) -> list[Connection]:
        return [c for c in self._connections.connections if isinstance(c, Connection)]
