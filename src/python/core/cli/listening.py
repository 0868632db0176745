"""Binds the ports of a service before anything else starts, to report one in use at once."""

import errno
import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from core.ledgers.errors import ConfigurationError
from core.migrations.commands import program
from core.settings.environment import source_of


@contextmanager
def listening(
    app: str, host: str, port: int, metrics_port: int | None
) -> Generator[list[socket.socket], None, None]:
    """Yields a socket for `port`, and one for `metrics_port` if there is one.

    Raises ConfigurationError if an address cannot be used.
    """
    with ExitStack() as stack:
        try:
            listeners = [stack.enter_context(_bound(host, port))]
        except OSError as error:
            other = ("port", "--port", "8001" if port == 8000 else "8000")
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                other = ("host", "--host", "127.0.0.1")
            raise ConfigurationError(
                f"Cannot listen on {host} port {port}: {error.strerror}; choose another "
                f"{other[0]}, for example: {program(app, *other[1:])}"
            ) from error
        if metrics_port is not None:
            try:
                listeners.append(stack.enter_context(_bound(host, metrics_port)))
            except OSError as error:
                raise ConfigurationError(
                    f"Cannot listen on {host} port {metrics_port} for metrics: {error.strerror}; "
                    f"change {source_of(app, 'metrics_port')}"
                ) from error
        yield listeners


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
