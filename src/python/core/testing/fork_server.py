"""A process that has imported core, and starts Python programs as forks of itself.

A new interpreter imports core in a second, which was most of the time of the tests that start
programs; a fork starts in a thirtieth of that. Otherwise it is a process like any other, with
arguments, environment, folder, streams, signals and an exit status of its own.

Run it as `python -m core.testing.fork_server FD`, where FD is a stream socket. It reads requests
from there, a line of JSON each: {"module": …, "arguments": […], "environment": {…}, "folder": …}.
With each come four file descriptors: the program's standard input, output and error, and a
pipe, to which go two lines: the program's process ID, and later its exit status.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import time
from typing import Any

from core.cli import commands
from core.service import app

_MAX_BYTES = 1024 * 1024


def served_module(channel: socket.socket) -> str:
    """Serves requests until the other end is closed.

    Returns in the program of a request only, which is a fork: the module that it has to run.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a watcher
    for member in (commands, app):
        package = importlib.import_module(member.__name__.rpartition(".")[0])
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    gc.freeze()  # so that the forks share the memory of what has been imported
    while True:
        request, descriptors = _received(channel)
        if not request:
            sys.exit()
        if not os.fork():
            channel.close()
            return _watch(json.loads(request), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _received(channel: socket.socket) -> tuple[bytes, list[int]]:
    request, descriptors, *_ = socket.recv_fds(channel, _MAX_BYTES, 4)
    while request and not request.endswith(b"\n"):
        request += channel.recv(_MAX_BYTES)
    return request, descriptors


def _watch(request: dict[str, Any], descriptors: list[int]) -> str:
    """Starts the program and reports its end. Returns in the program only: its module."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, report = descriptors
    program = os.fork()
    if not program:
        os.close(report)
        _become(request, streams)
        return str(request["module"])
    for stream in streams:
        os.close(stream)
    os.write(report, f"{program}\n".encode())
    _, status = os.waitpid(program, 0)
    os.write(report, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Gives this process what the program would have if it had been started anew."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in enumerate(streams):  # sys.stdout and its like use these numbers
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
    """Runs the module as `python -m` does, but ends without deleting every object one by one.

    That would take longer than most programs run. What others see of an end comes before that:
    threads are waited for, exit functions run, and the output is written.
    """
    status: int | None = None  # as long as it is not known, or is the interpreter's to find

    def end() -> None:
        if status is not None:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    atexit.register(end)  # the first one runs last
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
