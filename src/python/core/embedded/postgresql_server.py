"""Runs an embedded PostgreSQL server, for development and tests."""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pydantic import SecretStr

from core.embedded.data_folder import claimed, initialize
from core.embedded.libpq_variables import without_libpq_variables
from core.embedded.programs import binary, unprivileged_command
from core.embedded.server_socket import settings_of, socket_folder, url_of
from core.embedded.stale_files import remove_stale_files, says_ready
from core.embedded.start_failures import reason
from core.ledgers.errors import ConfigurationError

log = logging.getLogger(__name__)

# The server's parent is a shell that waits for end-of-file on its standard input, a pipe from this
# process. The pipe closes when this process closes it or dies, even by SIGKILL, and the shell then
# requests a fast shutdown. The shell runs in a session of its own, so that Ctrl-C reaches only the
# service, which finishes its requests first. It ends with the server, and with its status.
_SUPERVISOR = """
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ read -r _ <&3; kill -INT $server; } &
wait $server
status=$?
kill $! 2>/dev/null
exit $status
"""

_START_SECONDS = 60
_STOP_SECONDS = 60


@contextmanager
def postgresql(
    data: Path, *, durable: bool = True, setting: str = "DATA_DIR"
) -> Generator[SecretStr, None, None]:
    """Runs a PostgreSQL server on the folder `data`, and yields its URL.

    The folder is created if missing. The server listens only on a Unix socket. It stops at the end
    of the block, or when this process ends in any way. With `durable=False`, for tests, data may
    be lost if the machine crashes. `setting` is the variable that names the folder, for messages.

    Until the end of the block, this process's environment has no variable of libpq's, such as
    PGHOSTADDR, which would lead the server's clients to another one.

    Raises ConfigurationError if `data` is in use or PostgreSQL cannot run on this machine.
    """
    binary("postgres")  # raises an error before any folder is created
    with ExitStack() as stack:
        try:
            stack.enter_context(without_libpq_variables())
            claim = stack.enter_context(claimed(data, setting))
            socket = stack.enter_context(socket_folder(data))
            remove_stale_files(data, socket)
            initialize(data, durable)
            stack.enter_context(_running(data, socket, claim, durable))
        except OSError as error:
            raise ConfigurationError(
                f"The embedded PostgreSQL cannot use {error.filename or data}: {error.strerror}; "
                f"set {setting} to another folder, or DATABASE_URL to a PostgreSQL server"
            ) from error
        yield url_of(socket)


@contextmanager
def _running(data: Path, socket: Path, claim: int, durable: bool) -> Generator[None, None, None]:
    log_file = data.with_name(data.name + ".log")
    with log_file.open("ab") as out:
        start = out.tell()
        server = subprocess.Popen(
            ["/bin/sh", "-c", _SUPERVISOR, "sh", *_server_command(data, socket, durable)],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=out,
            pass_fds=[claim],
            start_new_session=True,
        )
    try:
        if not _accepts_connections(server, data, socket):
            written = log_file.read_bytes()[start:].decode(errors="replace")
            why = f"it accepted no connection within {_START_SECONDS} s"
            if server.returncode is not None:
                why = reason(written, server.returncode)
            raise ConfigurationError(f"PostgreSQL did not start: {why} (its log: {log_file})")
        yield
    finally:
        _stop(server)


def _server_command(data: Path, socket: Path, durable: bool) -> list[str]:
    settings = settings_of(socket)
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command = unprivileged_command(data, "postgres", "-D", str(data))
    return command + [
        word for name, value in settings.items() for word in ("-c", f"{name}={value}")
    ]


def _accepts_connections(server: "subprocess.Popen[bytes]", data: Path, socket: Path) -> bool:
    """Waits until the server accepts connections. Returns False if it ends, or takes too long."""
    deadline = time.monotonic() + _START_SECONDS
    probe = [binary("pg_isready"), "--quiet", "--host", str(socket), "--username", "postgres"]
    # The file is cheaper to read than the probe is to start, but a crash may have left it behind.
    while not says_ready(data) or subprocess.run(probe).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _stop(server: "subprocess.Popen[bytes]") -> None:
    assert server.stdin is not None  # because of stdin=PIPE
    server.stdin.close()
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        log.warning("PostgreSQL has not shut down in %s s: it is killed", _STOP_SECONDS)
        os.killpg(server.pid, signal.SIGKILL)  # the shell and the server; the rest ends with it
        server.wait()
