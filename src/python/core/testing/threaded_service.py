"""Serves a ledger over HTTP from a thread of the test process."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx

from core.http_server.server import HttpServer
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.service.app import create_app
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.http_clients import http_client
from core.traces.spans import Spans


@contextmanager
def served(
    ledger: Ledger[OperationT],
    database: DatabaseSettings,
    service: ServiceSettings | None = None,
    *,
    spans: Spans | None = None,
) -> Generator[httpx.Client, None, None]:
    """Yields a client of the ledger's service, which runs until the end of the block."""
    settings = service or ServiceSettings()
    server = HttpServer(create_app(ledger, database, settings, spans=spans), settings, port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            thread.join(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with http_client(f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Asserts that the response is a problem document with this status and code, and returns it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, "about:blank")
    assert problem["title"] and problem["detail"]
    return problem
