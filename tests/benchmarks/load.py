"""A closed-loop HTTP load: each connection sends a request once its previous one is answered."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import cast
from urllib.parse import urlsplit

import uvloop


@dataclass(frozen=True)
class Load:
    """How often each status was received within `seconds`."""

    seconds: float
    statuses: Counter[int]

    @property
    def rate(self) -> float:
        """Responses per second."""
        return self.statuses.total() / self.seconds


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: benchmark\r\n\r\n".encode()


def post(path: str, body: str, *headers: str) -> bytes:
    names = ("Host: benchmark", "Content-Type: application/json", *headers)
    head = "\r\n".join([f"POST {path} HTTP/1.1", *names, ""])
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def measure(
    address: str, requests: Iterator[bytes], *, connections: int, seconds: float = math.inf
) -> Load:
    """Sends `requests` over `connections`, for `seconds` or until none is left.

    Each request takes about 20 us on a processor that the service does not use, so the load
    generator is not what limits the rate.
    """
    return uvloop.run(_measure(address, requests, connections, seconds))


async def _measure(
    address: str, requests: Iterator[bytes], connections: int, seconds: float
) -> Load:
    url = urlsplit(address)
    assert url.hostname and url.port
    loop = asyncio.get_running_loop()
    statuses: Counter[int] = Counter()
    begin = time.perf_counter()
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(connections)]
    for end in ends:
        await loop.create_connection(
            partial(_Connection, statuses, requests, begin + seconds, end), url.hostname, url.port
        )
    await asyncio.gather(*ends)
    return Load(time.perf_counter() - begin, statuses)


class _Connection(asyncio.Protocol):
    def __init__(
        self,
        statuses: Counter[int],
        requests: Iterator[bytes],
        until: float,
        end: "asyncio.Future[None]",
    ) -> None:
        self._statuses = statuses
        self._requests = requests
        self._until = until
        self._end = end
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport has the same methods, but does not derive from asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._end.done():
            self._end.set_exception(exc or ConnectionError("the service closed a connection"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, _, body = self._received.partition(b"\r\n\r\n")
        _, _, length = head.partition(b"\r\ncontent-length: ")
        if not length or len(body) < int(length.partition(b"\r\n")[0]):
            return  # the rest has not arrived yet
        self._statuses[int(head[9:12])] += 1
        self._received = b""
        self._send()

    def _send(self) -> None:
        request = next(self._requests, None) if time.perf_counter() < self._until else None
        if request is None:
            if not self._end.done():
                self._end.set_result(None)
            self._transport.close()
        else:
            self._transport.write(request)
