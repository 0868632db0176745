"""A process that has imported core, and starts Python programs as forks of itself.

A new interpreter takes about a second to import core, which is longer than most programs of tests
run. A fork starts in a thirtieth of that. In all other respects it is an ordinary process, with
its own arguments, environment, folder, streams, signals and exit status.

Run it as `python -m core.testing.fork_server FD`, where FD is a stream socket. Each request is a
line of JSON: {"module": …, "arguments": […], "environment": {…}, "folder": …}. It comes with four
file descriptors: the program's standard input, output and error, and a pipe. The server writes two
lines to the pipe: the program's process ID and, when the program has ended, its exit status.
"""

import atexit
import gc
import importlib
import inspect
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import time
import warnings
from contextlib import suppress
from types import FrameType
from typing import Any

from core.cli import commands
from core.migrations import alembic_environment
from core.service import app

_MAX_BYTES = 1024 * 1024


def served_module(channel: socket.socket) -> str:
    """Serves requests until the other end is closed.

    Returns only in a fork that is to become a program: the name of the module to run.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
    for member in (commands, app, alembic_environment):
        folder = os.path.dirname(inspect.getfile(member))
        package = member.__name__.rpartition(".")[0]
        for module in pkgutil.iter_modules([folder], f"{package}."):
            importlib.import_module(module.name)
    importlib.import_module("pydantic.v1")  # as FastAPI does only when a service starts
    gc.freeze()  # so that the forks share the memory of what has been imported
    woken, waking = _woken_by(signal.SIGCHLD)
    reports: dict[int, int] = {}  # the pipe of each running program, by process ID
    while True:
        ready, _, _ = select.select([channel, woken], [], [])
        if woken in ready:
            woken.recv(_MAX_BYTES)
            _report_ends(reports)
        if channel not in ready:
            continue
        text, descriptors = _received(channel)
        if not text:
            os._exit(0)  # without deleting every object
        *streams, report = descriptors
        program = os.fork()
        if not program:
            for descriptor in (report, *reports.values()):
                os.close(descriptor)
            for ours in (channel, woken, waking):
                ours.close()
            request = json.loads(text)
            _become(request, streams)
            return str(request["module"])
        for stream in streams:
            os.close(stream)
        _write(report, program)
        reports[program] = report


def _woken_by(number: int) -> tuple[socket.socket, socket.socket]:
    """Returns two connected sockets. Each signal with this number writes to the second one."""
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    signal.signal(number, _wake)
    signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    return reading, writing


def _wake(number: int, frame: FrameType | None) -> None:
    """Does nothing: a signal without a handler would not be written to the socket."""


def _received(channel: socket.socket) -> tuple[bytes, list[int]]:
    request, descriptors, *_ = socket.recv_fds(channel, _MAX_BYTES, 4)
    while request and not request.endswith(b"\n"):
        request += channel.recv(_MAX_BYTES)
    return request, descriptors


def _report_ends(reports: dict[int, int]) -> None:
    """Reports the exit status of each program that has ended."""
    for program, report in [*reports.items()]:
        ended, status = os.waitpid(program, os.WNOHANG)
        if ended:
            _write(report, os.waitstatus_to_exitcode(status))
            os.close(reports.pop(program))


def _write(report: int, number: int) -> None:
    with suppress(BrokenPipeError):  # the test no longer reads it
        os.write(report, f"{number}\n".encode())


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Sets this process up as if a new interpreter had started the program."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored if `nohup` has started the tests
    signal.set_wakeup_fd(-1)
    for number, stream in enumerate(streams):  # those of sys.stdin, sys.stdout, sys.stderr
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    os.chdir(request["folder"])
    path = request["environment"].get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [request["folder"], *filter(None, path), *sys.path]
    importlib.invalidate_caches()
    sys.argv[1:] = request["arguments"]


def _run(module: str) -> None:
    """Runs the module as `python -m` does, but ends without deleting every object.

    Deleting them would take longer than most programs run. As usual, the threads are joined, the
    exit functions run and the output is flushed.
    """
    status: int | None = None  # stays None after an exception, which the interpreter handles

    def end() -> None:
        if status is not None:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    atexit.register(end)  # registered first, so it runs last
    # It would warn that the module is already imported, which is so only in a fork.
    warnings.filterwarnings("ignore", category=RuntimeWarning, module="runpy")
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as exit_:
        if exit_.code is None or isinstance(exit_.code, int):
            status = exit_.code or 0
        else:
            print(exit_.code, file=sys.stderr)
            status = 1


if __name__ == "__main__":
    _run(served_module(socket.socket(fileno=int(sys.argv[1]))))
