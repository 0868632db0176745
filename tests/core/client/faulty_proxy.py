"""An HTTP proxy before a ledger's service, which loses or replaces requests and answers."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from core.client.ledger_client import LedgerClient
from core.testing.http_clients import http_client
from sample.operations import SampleOperation


class Fault(Enum):
    NONE = auto()
    LOSE_REQUEST = auto()
    """The connection ends before the service has the request."""
    LOSE_ANSWER = auto()
    """The connection ends after the service has committed."""
    CUT_ANSWER = auto()
    """The connection ends within the answer."""
    HOLD_ANSWER = auto()
    """The service commits, and its answer does not arrive while the client waits."""
    UNAVAILABLE = auto()
    """A 503 of the proxy; the service does not have the request."""
    UNAVAILABLE_LATER = auto()
    """A 503, although the service has committed."""
    BAD_GATEWAY = auto()
    """A 502 with HTML, although the service has committed."""


_FORWARDED = frozenset(Fault) - {Fault.LOSE_REQUEST, Fault.UNAVAILABLE}
_UNAVAILABLE = (
    b'{"type":"about:blank","title":"Service Unavailable","status":503,'
    b'"detail":"The database does not answer","code":"database_unavailable"}'
)


class FaultyProxy(ThreadingHTTPServer):
    """Forwards requests to `upstream`, the URL of a service. `fault` decides about each request."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self, upstream: str, fault: Callable[[], Fault]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.fault = fault
        self.retry_after = "0"
        """The header of each 503 of the proxy."""
        self.client = http_client()
        self.seen: list[bytes] = []
        """The bodies of all requests."""
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def proxy(self) -> FaultyProxy:
        assert isinstance(self.server, FaultyProxy)
        return self.server

    def do_POST(self) -> None:
        self._proxy()

    def do_GET(self) -> None:
        self._proxy()

    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing."""

    def _proxy(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.proxy.seen.append(body)
        fault = self.proxy.fault()
        response = None
        if fault in _FORWARDED:
            try:
                response = self.proxy.client.request(
                    self.command,
                    self.proxy.upstream + self.path,
                    content=body,
                    headers=[
                        (name, value)
                        for name, value in self.headers.items()
                        if name.lower() in ("content-type", "authorization")
                    ],
                )
            except httpx.TransportError:  # the service was killed
                fault = Fault.LOSE_ANSWER
        with suppress(OSError):  # the client may have ended the connection
            self._answer(fault, response)

    def _answer(self, fault: Fault, response: httpx.Response | None) -> None:
        if fault in (Fault.UNAVAILABLE, Fault.UNAVAILABLE_LATER):
            self._send(503, _UNAVAILABLE, retry_after=self.proxy.retry_after)
        elif fault is Fault.BAD_GATEWAY:
            self._send(502, b"<h1>502 Bad Gateway</h1>")
        elif response is not None and fault in (Fault.NONE, Fault.CUT_ANSWER):
            cut = fault is Fault.CUT_ANSWER
            length = len(response.content)
            content = response.content[: length // 2] if cut else response.content
            after = response.headers.get("retry-after")
            self._send(response.status_code, content, length=length, retry_after=after)
            self.close_connection = cut
        else:
            if fault is Fault.HOLD_ANSWER:
                self.connection.settimeout(60)
                self.connection.recv(1)  # returns when the client has given up
            self.close_connection = True

    def _send(
        self, status: int, body: bytes, *, length: int = -1, retry_after: str | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length < 0 else length))
        if retry_after is not None:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def faulty_proxy(upstream: str, fault: Callable[[], Fault]) -> Generator[FaultyProxy, None, None]:
    """Yields a proxy that runs until the end of the block."""
    with FaultyProxy(upstream, fault) as proxy, proxy.client:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


@contextmanager
def faults(
    address: str,
    *order: Fault,
    then: Fault = Fault.NONE,
    path: str = "",
    try_timeout: float = 1,
    **options: Any,
) -> Generator[tuple[FaultyProxy, LedgerClient[SampleOperation]], None, None]:
    """Yields a proxy that treats requests in this order, and a client that goes through it."""
    coming = iter(order)
    with (
        faulty_proxy(address, lambda: next(coming, then)) as proxy,
        LedgerClient(
            proxy.url + path, operations=SampleOperation, try_timeout=try_timeout, **options
        ) as client,
    ):
        yield proxy, client
