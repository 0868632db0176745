"""How long a connection stays open, and how it ends, so that its client gets the last answer."""

import asyncio
import math
from collections.abc import Callable, Collection
from types import SimpleNamespace
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from core.http_server.limits import LINGER_SECONDS, MAX_DISCARDED_BYTES, Limits
from core.http_server.refusals import REQUEST_TIMEOUT, Refusal, refusal_for_now
from core.ledgers.errors import Overloaded, ShuttingDown
from core.logs.access_lines import log_refusal
from core.logs.current_requests import ServedRequest, request_id
from core.service.health import Drain
from core.service.observation import SERVED

NEVER = math.inf
_TOO_MANY_CONNECTIONS = refusal_for_now(
    Overloaded("Too many connections are open; try again later")
)
_SHUTTING_DOWN = refusal_for_now(
    ShuttingDown("The service is shutting down; try again with the same nonce")
)


class State(ServerState):
    """What the connections of a server share."""

    def __init__(self, limits: Limits, drain: Drain, *, access_log: bool) -> None:
        super().__init__()
        self.limits = limits
        self.drain = drain
        self.access_log = access_log


class Connection(HttpToolsProtocol):
    """uvicorn's connection, which is closed when its client keeps it waiting.

    Instead of a timer for each wait, there is a deadline, which the server compares with the time
    once a second: see `expire`.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        assert isinstance(server_state, State)
        self._limits = server_state.limits
        self._drain = server_state.drain
        self._logs_refusals = server_state.access_log
        self._socket: asyncio.Transport  # uvicorn sees it as `transport`
        self._deadline = NEVER
        self._write_deadline = NEVER
        self._receiving = False  # a request, of which a part has arrived
        self._is_last_request = False  # because the server is shutting down
        self._discarding = False  # all that arrives, because an answer closes the connection
        self._discarded = 0
        self._is_lingering = False  # until the client closes the connection, too

    def connection_made(
        self, transport: asyncio.Transport  # type: ignore[override]  # as in uvicorn
    ) -> None:
        super().connection_made(transport)
        self._socket = transport
        self.flow = _Flow(transport, self.pipeline)
        self.transport = _seen_by_uvicorn(transport, self._close, self._is_closing)
        self._wait_for_request()
        if not self._limits.accepts(len(self.connections)):
            if self._limits.can_answer(len(self.connections)):
                self._answer(_TOO_MANY_CONNECTIONS)
            else:
                transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_writing()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn's always returns None
        """Returns whether the connection stays open: its client may be waiting for an answer."""
        if self._discarding or self._receiving or not self._is_answering():
            return False
        self.cycle.keep_alive = False
        return True

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_deadline = self.loop.time() + self._limits.receive_timeout

    def resume_writing(self) -> None:
        super().resume_writing()
        self._write_deadline = NEVER

    def expire(self, now: float) -> None:
        """Closes the connection if its client has kept it waiting for too long."""
        if now >= self._write_deadline:
            self._socket.abort()
        elif now < self._deadline:
            pass
        elif self._is_closing():
            self._socket.abort()
        elif not self._receiving:
            self._socket.close()
        elif self.pipeline or self._is_answering() or self.flow.read_paused:
            # The client is waiting for the application.
            self._deadline = now + self._limits.receive_timeout
        else:
            self._answer(REQUEST_TIMEOUT)

    def shutdown(self) -> None:
        """Lets the client finish its request, if it has begun one, until `end` is called."""
        self._is_last_request = True
        if self._latest is not None:
            self._latest.keep_alive = False
        if not self._receiving and not self._is_answering():
            self._close()

    def end(self) -> None:
        """Answers a request that is not finished yet, at the end of a shutdown."""
        if not self._is_closing():
            self._answer(_SHUTTING_DOWN)

    @property
    def _latest(self) -> RequestResponseCycle | None:
        """The latest request whose head has arrived, and its answer."""
        return self.cycle  # None at first, which uvicorn does not declare

    def _is_answering(self) -> bool:
        """Whether an answer is due to a request that has arrived completely."""
        latest = self._latest
        return latest is not None and not latest.response_complete and not latest.more_body

    def _wait_for_request(self) -> None:
        self._deadline = self.loop.time() + self._limits.keep_alive_timeout

    def _discard(self, data: bytes) -> None:
        self._discarded += len(data)
        if self._discarded > MAX_DISCARDED_BYTES:
            self._socket.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answers what is arriving, unless an earlier request has to be answered first."""
        if self.pipeline or self._is_answering():
            self._discarding = True
            self.cycle.keep_alive = False  # so that answer is the last one
        else:
            self._answer(refusal)

    def _answer(self, refusal: Refusal) -> None:
        """Answers instead of the application, and closes the connection."""
        latest = self._latest
        is_pending = latest is not None and (latest.more_body or not latest.response_complete)
        if latest is not None and is_pending:
            latest.disconnected = True
            latest.message_event.set()
        if latest is None or not is_pending or not latest.response_started:
            self._socket.write(refusal.response(self._refused(refusal)))
        self._linger()

    def _refused(self, refusal: Refusal) -> str:
        """Returns the id of the refused request, of which perhaps only a part has arrived."""
        is_request = self._receiving or self._is_answering()
        served = cast(ServedRequest | None, self.scope.get(SERVED) if is_request else None)
        if served is None:
            served = ServedRequest(request_id(self.headers if is_request else []))
            if self._logs_refusals:
                log_refusal(served.id, refusal.status, refusal.code)
        else:
            served.refused = (refusal.status, refusal.code)
        return served.id

    def _close(self) -> None:
        """Closes the connection, so that the answer arrives even if the client is still sending."""
        if self._socket.is_closing():
            return
        if self._receiving or self._discarding:
            self._linger()
        else:
            self._deadline = self.loop.time() + LINGER_SECONDS
            self._socket.close()

    def _linger(self) -> None:
        """Closes the sending side, and waits for the client to close the connection."""
        self._is_lingering = self._discarding = True
        self._deadline = self.loop.time() + LINGER_SECONDS
        self._stop_writing()
        self._socket.write_eof()
        self.flow.resume_reading()

    def _stop_writing(self) -> None:
        """Drops what the application still sends, instead of raising an exception in it."""
        self.pipeline.clear()
        setattr(self.transport, "write", _drop)

    def _is_closing(self) -> bool:
        return self._is_lingering or self._socket.is_closing()


class _Flow(FlowControl):
    """Reads no further requests while some that have arrived wait for their turn."""

    def __init__(self, transport: asyncio.Transport, pipeline: Collection[object]) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        if not self._pipeline:
            super().resume_reading()


def _drop(_: bytes) -> None:
    pass


def _seen_by_uvicorn(
    transport: asyncio.Transport, close: Callable[[], None], is_closing: Callable[[], bool]
) -> asyncio.Transport:
    """Returns the transport with our `close` and `is_closing`. Writing costs no further call."""
    seen = SimpleNamespace(write=transport.write, close=close, is_closing=is_closing)
    return cast(asyncio.Transport, seen)
