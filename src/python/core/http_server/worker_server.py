"""The HTTP server of a worker process, which its supervisor tells to stop."""

import os
import signal
from collections.abc import Callable
from types import FrameType

from starlette.types import ASGIApp

from core.http_server.server import HttpServer
from core.service.health import Drain
from core.settings.groups import ServiceSettings

STOP = signal.SIGTERM
HURRY = signal.SIGUSR1  # what a second signal is to a server without a supervisor


class WorkerServer(HttpServer):
    """Serves until the process `supervisor` sends STOP, or ends."""

    def __init__(
        self,
        app: ASGIApp,
        settings: ServiceSettings,
        *,
        drain: Drain,
        supervisor: int,
        on_start: Callable[[], None],
    ) -> None:
        super().__init__(app, settings, drain=drain, on_start=on_start)
        self._supervisor = supervisor
        signal.signal(HURRY, self.handle_exit)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ignores all but the first STOP, and any SIGINT.

        A terminal and systemd send their signals to all processes of a service, and the supervisor
        passes the same signal on: that must not count as two.
        """
        if sig == STOP:
            self.stop()
        elif sig == HURRY:
            self.force_exit = self.should_exit
            self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        if os.getppid() != self._supervisor:  # it has died, so nothing else would stop this process
            self.should_exit = True
        return await super().on_tick(counter)
