"""A client that sends exactly the bytes that a test wants, when it wants."""

import json
import select
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from core.service.sample_requests import entry

LONG = 60.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> object:
        """The code of the problem document that this must be."""
        assert self.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = json.loads(self.body)
        assert problem["status"] == self.status
        return problem["code"]


class RawClient:
    """One connection."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=LONG)
        self._received = b""

    def send(self, content: bytes) -> None:
        self._socket.sendall(content)

    def send_slowly(self, content: bytes, pause: float) -> None:
        """Sends a byte at a time, until the server sends something or closes the connection."""
        for byte in content:
            try:
                self._socket.sendall(bytes([byte]))
            except OSError:
                return
            if select.select([self._socket], [], [], pause)[0]:
                return
        raise AssertionError("the server has accepted all of it")

    def finish_sending(self) -> None:
        """Closes one direction of the connection."""
        self._socket.shutdown(socket.SHUT_WR)

    def answer(self) -> Answer:
        """Returns the next response."""
        head = self._until(b"\r\n\r\n").decode()
        status_line, *lines = head.split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ") for line in lines)}
        length = int(headers.get("content-length", 0))
        while len(self._received) < length:
            self._receive()
        body, self._received = self._received[:length], self._received[length:]
        return Answer(int(status_line.split()[1]), headers, body)

    def is_closed(self) -> bool:
        """Waits for the end of the connection; false if the server sends something else."""
        try:
            return self._received == b"" and self._socket.recv(1) == b""
        except ConnectionError:
            return True

    def seconds_until_closed(self) -> float:
        begin = time.monotonic()
        assert self.is_closed()
        return time.monotonic() - begin

    def close(self) -> None:
        self._socket.close()

    def _until(self, end: bytes) -> bytes:
        while end not in self._received:
            self._receive()
        found, _, self._received = self._received.partition(end)
        return found

    def _receive(self) -> None:
        data = self._socket.recv(65536)
        assert data, f"the connection was closed after {self._received!r}"
        self._received += data


def address_of(client: httpx.Client) -> tuple[str, int]:
    return client.base_url.host, client.base_url.port or 0


@contextmanager
def raw_client(client: httpx.Client) -> Generator[RawClient, None, None]:
    """Yields another connection to the service that `client` talks to."""
    raw = RawClient(address_of(client))
    try:
        yield raw
    finally:
        raw.close()


def get(path: str = "/ledger/ann", *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: test", *headers, "", ""]).encode()


def post(nonce: str, *headers: str, path: str = "/ledger", padding: int = 0) -> bytes:
    """A request that posts one entry; its body has `padding` more bytes."""
    body = json.dumps({**entry("ann", nonce), "padding": "x" * padding})
    return "\r\n".join(
        [
            f"POST {path} HTTP/1.1",
            "Host: test",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            *headers,
            "",
            body,
        ]
    ).encode()
