"""Serves an application in several processes, which share the listening socket."""

import logging
import math
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

from starlette.types import ASGIApp

from core.http_server.worker_server import HURRY, STOP, WorkerServer
from core.ledgers.errors import ConfigurationError
from core.service.health import Drain
from core.settings.groups import ServiceSettings

_TICK_SECONDS = 0.1
# In one slot, so that a worker that dies at once does not use a whole processor.
_SECONDS_BETWEEN_STARTS = 1
_SECONDS_TO_END = 5  # after the drain and the shutdown timeout
_SIGNALS = (STOP, HURRY, signal.SIGINT)

log = logging.getLogger(__name__)


@dataclass
class _Slot:
    """A slot for a worker, and for those that replace it."""

    number: int
    process: int = 0  # 0 while there is none
    started: float = float("-inf")

    def end(self) -> str | None:
        """Returns how the worker has ended; None if it runs, or if this was returned before."""
        if not self.process:
            return None
        ended, status = os.waitpid(self.process, os.WNOHANG)
        if not ended:
            return None
        self.process = 0
        code = os.waitstatus_to_exitcode(status)
        how = f"exited with status {code}" if code >= 0 else f"was killed by signal {-code}"
        return f"Worker {ended} {how}"


class WorkerProcesses:
    """Runs `number` workers, each of them a process with an event loop and connections of its own.

    This process serves nothing. It replaces a worker that ends, and tells all workers to stop when
    it receives a signal to stop. If it dies, its workers stop, too.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: ServiceSettings,
        number: int,
        *,
        drain: Drain,
        on_begin: Callable[[int], None] = lambda _: None,
        on_end: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`on_begin` is called in each worker, with the number of its slot, from 0.

        `on_end` is called in this process when the worker of a slot has ended.
        """
        self._app = app
        self._settings = settings
        self._drain = drain  # for the workers: this process never drains
        self._on_begin = on_begin
        self._on_end = on_end
        self._slots = [_Slot(slot) for slot in range(number)]
        self._received: list[int] = []
        self._ready, self._report_ready = os.pipe()

    def run(self, listeners: Sequence[socket.socket], *, on_start: Callable[[], None]) -> None:
        """Serves on the `listeners`, which are bound, until a signal.

        Calls `on_start` when all workers accept connections. Call this in the main thread of a
        process without other threads, as it forks. Raises ConfigurationError if a worker ends
        before all are ready.
        """
        with _handled_by(lambda number, _: self._received.append(number)):
            try:
                for slot in self._slots:
                    self._start(slot, listeners)
                if self._wait_until_ready():
                    on_start()
                while not self._received:
                    self._replace_ended(listeners)
                    self._newly_ready()
            finally:
                for listener in listeners:  # so that the port closes with the last worker
                    listener.close()
                self._stop()

    def _wait_until_ready(self) -> bool:
        """Returns whether all workers are ready; if not, there was a signal to stop."""
        missing = len(self._slots)
        while missing and not self._received:
            missing -= self._newly_ready()
            for slot in self._slots:
                if (end := slot.end()) is not None:
                    raise ConfigurationError(f"{end} while it was starting: see the log above")
        return not missing

    def _newly_ready(self) -> int:
        """Waits for a worker to become ready, but not for long. Returns how many did."""
        readable, _, _ = select.select([self._ready], [], [], _TICK_SECONDS)
        return len(os.read(self._ready, len(self._slots))) if readable else 0

    def _start(self, slot: _Slot, listeners: Sequence[socket.socket]) -> None:
        # A signal that arrives before the worker can handle it waits until then.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        supervisor = os.getpid()
        slot.started = time.monotonic()
        try:
            slot.process = os.fork()
            if not slot.process:
                self._serve(slot, listeners, supervisor)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _serve(self, slot: _Slot, listeners: Sequence[socket.socket], supervisor: int) -> NoReturn:
        """Serves in a worker. Never returns, because the supervisor's cleanup must not run here."""

        def on_start() -> None:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.write(self._report_ready, b".")

        status = 1
        try:
            self._on_begin(slot.number)
            server = WorkerServer(
                self._app,
                self._settings,
                drain=self._drain,
                supervisor=supervisor,
                on_start=on_start,
            )
            server.run([*listeners])
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except BaseException:
            log.exception("A worker failed")
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _replace_ended(self, listeners: Sequence[socket.socket]) -> None:
        for slot in self._slots:
            if (end := slot.end()) is not None:
                log.error("%s: another one takes its place", end)
                self._on_end(slot.number)
            due = slot.started + _SECONDS_BETWEEN_STARTS
            if not slot.process and time.monotonic() >= due:
                try:
                    self._start(slot, listeners)
                except OSError as error:  # the others go on serving
                    log.error("Cannot start a worker, trying again: %s", error)

    def _stop(self) -> None:
        """Stops the workers and waits until they have ended. Kills those that take too long."""
        self._send(STOP)
        handled = 1
        seconds = self._settings.drain_seconds + self._settings.shutdown_timeout
        deadline = time.monotonic() + seconds + _SECONDS_TO_END
        while self._running():
            if time.monotonic() > deadline:
                log.error("Workers did not end in time: they are killed")
                self._send(signal.SIGKILL)
                deadline = math.inf
            elif len(self._received) > handled:
                handled = len(self._received)
                self._send(HURRY)
            time.sleep(_TICK_SECONDS / 4)

    def _running(self) -> list[int]:
        return [slot.process for slot in self._slots if slot.end() is None and slot.process]

    def _send(self, number: signal.Signals) -> None:
        for process in self._running():
            os.kill(process, number)


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Generator[None, None, None]:
    """Handles the signals to stop with `handler` until the end of the block."""
    former = {number: signal.signal(number, handler) for number in (STOP, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handled in former.items():
            signal.signal(number, handled)
