"""A TCP proxy before a PostgreSQL server, which delays, stops or breaks connections on demand."""

import selectors
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr


class UnreliableProxy:
    """Forwards what clients and the server send. Counts are of bytes from the server."""

    def __init__(self, server_socket: str) -> None:
        self._server = server_socket
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self.port = self._listener.getsockname()[1]
        self.chunk = 65536
        """How much is forwarded at once."""
        self._flowing = threading.Event()
        self._flowing.set()
        self.drop_after: int | None = None
        """After so many bytes of an answer the connection is reset."""
        self._doomed: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def frozen(self) -> bool:
        """Whether nothing is forwarded any more, although connections stay."""
        return not self._flowing.is_set()

    @frozen.setter
    def frozen(self, frozen: bool) -> None:
        if frozen:
            self._flowing.clear()
        else:
            self._flowing.set()

    def drop_at_next_answer(self) -> None:
        """Ends each connection of now, and not those to come, when the server answers on it."""
        self._doomed = {*self._sockets}

    def drop_all(self) -> None:
        """Ends every connection."""
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # or `accept` would accept one more
        self._listener.close()
        self.drop_all()
        self.frozen = False  # so that the threads end

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        self._sockets += [client, server]
        answered = 0
        with client, server, selectors.DefaultSelector() as selector, suppress(OSError):
            server.connect(self._server)
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select():
                    self._flowing.wait()
                    source, target = key.fileobj, key.data
                    assert isinstance(source, socket.socket)
                    if source is server and server in self._doomed:
                        return
                    size = self.chunk
                    if source is server and self.drop_after is not None:
                        size = min(size, self.drop_after - answered)
                        if size <= 0:
                            return
                    data = source.recv(size)
                    if not data:
                        return
                    answered += len(data) if source is server else 0
                    target.sendall(data)


@contextmanager
def proxied(url: SecretStr) -> Generator[tuple[UnreliableProxy, SecretStr], None, None]:
    """A proxy before the embedded server at `url`, and the URL that goes through it."""
    parts = urlsplit(url.get_secret_value())
    [folder] = parse_qs(parts.query)["host"]
    proxy = UnreliableProxy(f"{folder}/.s.PGSQL.5432")
    address = f"postgresql://postgres@127.0.0.1:{proxy.port}{parts.path}?sslmode=disable"
    try:
        yield proxy, SecretStr(address)
    finally:
        proxy.close()
