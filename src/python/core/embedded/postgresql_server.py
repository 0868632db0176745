"""Runs an embedded PostgreSQL server, for development and tests."""

import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from core.embedded.data_folder import claimed, initialize
from core.embedded.libpq_variables import without_libpq_variables
from core.embedded.programs import binary, unprivileged_command
from core.embedded.server_socket import settings_of, socket_folder, url_of
from core.ledgers.errors import ConfigurationError

# The server's parent is a shell that waits for end-of-file on its standard input, a pipe from this
# process. The pipe closes when this process closes it or dies, even by SIGKILL, and the shell then
# requests a fast shutdown. The shell runs in a session of its own, so that Ctrl-C reaches only the
# service, which finishes its requests first.
_SUPERVISOR = """
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ read -r _ <&3; kill -INT $server; } &
wait $server
kill $! 2>/dev/null
"""

_START_SECONDS = 60
_STOP_SECONDS = 60


@contextmanager
def postgresql(data: Path, *, durable: bool = True) -> Generator[SecretStr, None, None]:
    """Runs a PostgreSQL server on the folder `data`, and yields its URL.

    The folder is created if missing. The server listens only on a Unix socket. It stops at the end
    of the block, or when this process ends in any way. With `durable=False`, for tests, data may
    be lost if the machine crashes.

    Until the end of the block, this process's environment has no variable of libpq's, such as
    PGHOSTADDR, which would lead the server's clients to another one.

    Raises ConfigurationError if `data` is in use or PostgreSQL cannot run on this machine.
    """
    binary("postgres")  # raises an error before any folder is created
    with without_libpq_variables(), claimed(data) as claim, socket_folder(data) as socket:
        initialize(data)
        log = data.with_name(data.name + ".log")
        with log.open("ab") as out:
            server = subprocess.Popen(
                ["/bin/sh", "-c", _SUPERVISOR, "sh", *_server_command(data, socket, durable)],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                pass_fds=[claim],
                start_new_session=True,
            )
        try:
            _wait_until_ready(server, socket, log)
            yield url_of(socket)
        finally:
            assert server.stdin is not None  # because of stdin=PIPE
            server.stdin.close()
            server.wait(_STOP_SECONDS)


def _server_command(data: Path, socket: Path, durable: bool) -> list[str]:
    settings = settings_of(socket)
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command = unprivileged_command(data, "postgres", "-D", str(data))
    return command + [
        word for name, value in settings.items() for word in ("-c", f"{name}={value}")
    ]


def _wait_until_ready(server: "subprocess.Popen[bytes]", socket: Path, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    probe = [binary("pg_isready"), "--quiet", "--host", str(socket)]
    while subprocess.run(probe).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            end = log.read_text(errors="replace")[-2000:]
            raise ConfigurationError(f"PostgreSQL did not start. The end of {log}:\n{end}")
        time.sleep(0.02)
