"""Serves the metrics: at `/metrics` of the service's port, or on a port of their own."""

from collections.abc import Awaitable

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.metrics.exposition import Exposition
from core.service.problems import plain_problem, problem_response

PATH = "/metrics"


def add_metrics_route(app: FastAPI, exposition: Exposition) -> None:
    """Adds `GET /metrics`, which is for Prometheus and not a part of the API."""

    async def read_metrics(request: Request) -> Response:
        return _response(exposition, request)

    app.add_api_route(PATH, read_metrics, methods=["GET"], include_in_schema=False)


class MetricsPort:
    """ASGI middleware that serves the metrics, and nothing else, to connections to `port`."""

    def __init__(self, app: ASGIApp, port: int, exposition: Exposition) -> None:
        self._app = app
        self._port = port
        self._exposition = exposition

    # Not a coroutine function, to spare every request another coroutine.
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http" or scope["server"][1] != self._port:
            return self._app(scope, receive, send)
        if scope["path"] == PATH and scope["method"] == "GET":
            return _response(self._exposition, Request(scope))(scope, receive, send)
        problem = plain_problem(404, "not_found", f"This port has nothing but GET {PATH}")
        return problem_response(problem)(scope, receive, send)


def _response(exposition: Exposition, request: Request) -> Response:
    text, media_type = exposition.read(request.headers.get("accept", ""))
    return Response(text, headers={"Content-Type": media_type})
