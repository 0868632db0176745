"""Starts Python programs in processes of their own, as forks of the fork server."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from functools import cache
from typing import IO, Any

# Taken at import: a test may change sys.path, or the folder to which its entries are relative.
_PATH = os.pathsep.join(map(os.path.abspath, sys.path))
_sending = threading.Lock()


class Program:
    """A running program. Its attributes and methods are those of `subprocess.Popen`."""

    def __init__(self, arguments: list[str], report: IO[bytes], stdout: IO[str] | None) -> None:
        self.args = arguments
        self.pid = int(report.readline())
        self.stdout = stdout
        self.returncode: int | None = None
        self._report = report

    def poll(self) -> int | None:
        """Returns the exit status, or None while the program runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the end, and returns the exit status.

        Raises subprocess.TimeoutExpired after `timeout` seconds.
        """
        status = self._ended(timeout)
        if status is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self.args, timeout)
        return status

    def send_signal(self, number: int) -> None:
        """Sends a signal, unless the program has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended, but the report has not arrived
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Kills the program if it still runs, and closes its output."""
        self.kill()
        self.wait()
        if self.stdout is not None:
            self.stdout.close()

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._report], [], [], timeout)[0]:
            self.returncode = int(self._report.readline())
            self._report.close()
        return self.returncode


def start(
    module: str,
    *arguments: str,
    env: Mapping[str, str],
    stdout: IO[Any] | None = None,
    stderr: IO[Any] | None = None,
) -> Program:
    """Starts `python -m module` with the arguments.

    The standard input is empty. The output goes to the file `stdout` or, by default, to a pipe: the
    `stdout` of the returned Program. Standard error is the file `stderr` or, by default, ours.
    """
    request = {
        "module": module,
        "arguments": arguments,
        "environment": dict(env),
        "folder": os.getcwd(),
    }
    with ExitStack() as its:
        output = None
        if stdout is None:
            reading, writing = os.pipe()
            output, stdout = open(reading), its.enter_context(open(writing, "wb"))
        reading, writing = os.pipe()
        report = open(reading, "rb", buffering=0)
        stdin = its.enter_context(open(os.devnull))
        streams = [stdin.fileno(), stdout.fileno(), stderr.fileno() if stderr else 2]
        message = json.dumps(request).encode() + b"\n"
        with _sending, open(writing, "wb"):
            sent = socket.send_fds(_fork_server(), [message], [*streams, writing])
            _fork_server().sendall(message[sent:])
    return Program([module, *arguments], report, output)


def run(
    module: str,
    *arguments: str,
    env: Mapping[str, str],
    merged: bool = False,
    stdout: IO[Any] | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Runs `python -m module` with the arguments, and waits until it ends.

    If `merged`, `stdout` contains both outputs and `stderr` is empty. Output to the file `stdout`
    is not in the result. After two minutes, kills the program and raises
    subprocess.TimeoutExpired.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        stderr = output if merged else errors
        program = start(module, *arguments, env=env, stdout=stdout or output, stderr=stderr)
        with closing(program):
            status = program.wait(120)
        written: list[str] = []
        for file in (output, errors):
            file.seek(0)
            written.append(file.read().decode())
    return subprocess.CompletedProcess(program.args, status, *written)


@cache
def _fork_server() -> socket.socket:
    """Starts the fork server and returns its socket."""
    ours, its = socket.socketpair()
    server = subprocess.Popen(
        [sys.executable, "-m", "core.testing.fork_server", str(its.fileno())],
        env={**os.environ, "PYTHONPATH": _PATH},
        stdin=subprocess.DEVNULL,
        pass_fds=[its.fileno()],
    )
    its.close()
    # The last one registered runs first: the server ends when its socket is closed.
    atexit.register(server.wait)
    atexit.register(ours.close)
    return ours
