"""Observes each request from its beginning to its end: its id, its status and its duration."""

from __future__ import annotations

from collections.abc import Awaitable
from time import perf_counter
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.logs.access_lines import log_access
from core.logs.current_requests import ServedRequest, request_id, work_for
from core.metrics.families import Histogram
from core.service.problems import internal_error, problem_response

if TYPE_CHECKING:  # it imports OpenTelemetry
    from core.traces.spans import Spans

SERVED = "ledger.request"
"""The key in the ASGI scope under which the ServedRequest is."""


class Observation:
    """ASGI middleware around all others, so that it sees every response and exception.

    It responds to unexpected exceptions in place of Starlette's ServerErrorMiddleware. Having one
    layer fewer makes up for much of its own cost.
    """

    def __init__(
        self, app: ASGIApp, durations: Histogram, *, spans: Spans | None, access_log: bool
    ) -> None:
        self._app = app
        self._durations = durations
        self._spans = spans
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = scope[SERVED] = ServedRequest(request_id(scope["headers"]))
        work_for((request,))
        id_header = (b"x-request-id", request.id.encode())

        # Not a coroutine function, to spare every request another coroutine.
        def send_with_id(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                request.status = message["status"]
                message["headers"] = [*message["headers"], id_header]
            return send(message)

        if self._spans is not None:
            self._spans.begin(request, scope["headers"])
        begin = perf_counter()
        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            if not request.status:
                # The server will close the connection, so the client must not use it again.
                response = problem_response(internal_error(), {"Connection": "close"})
                await response(scope, receive, send_with_id)
            raise  # for the server, which logs it
        finally:
            seconds = perf_counter() - begin
            if request.refused:
                request.status, request.outcome = request.refused
            request.status = request.status or 500
            route = template(request.routed.get("route"))
            self._durations.observe(seconds, scope["method"], route, str(request.status))
            if self._spans is not None:
                self._spans.end(request, scope["method"], route)
            if self._access_log:
                log_access(request, scope["method"], route, seconds)
            # Otherwise, the request and its scope would be a cycle for the garbage collector, and
            # would both live as long as the group that the request was processed in.
            request.routed = {}


def template(route: object) -> str:
    """Returns the path of a route, with the names of its parameters; empty if there is none."""
    path: str = getattr(route, "path_format", "")
    return "/ledger" if path == "/ledger/" else path
