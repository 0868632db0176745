"""Ends a blocking wait for PostgreSQL after a time limit, or when a signal handler raises.

A server that is frozen, not dead, keeps a connection and never answers. psycopg2 waits for it in C,
without a limit, and Python runs no signal handler meanwhile.
"""

import select
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

import psycopg2
from psycopg2 import extensions
from sqlalchemy import Engine, event
from typing_extensions import ParamSpec

_P = ParamSpec("_P")
_R = TypeVar("_R")


def bound_waits(engine: Engine, seconds: float) -> None:
    """Makes a statement raise OperationalError, and close its connection, after `seconds`.

    COPY, which psycopg2 cannot interrupt, is not bounded.
    """

    def bounded(method: Callable[_P, _R]) -> Callable[_P, _R]:
        @wraps(method)
        def call(*arguments: _P.args, **more: _P.kwargs) -> _R:
            with interruptible(seconds):
                return method(*arguments, **more)

        return call

    class Cursor(extensions.cursor):
        execute = bounded(extensions.cursor.execute)
        executemany = bounded(extensions.cursor.executemany)

    class Connection(extensions.connection):
        commit = bounded(extensions.connection.commit)
        rollback = bounded(extensions.connection.rollback)
        set_isolation_level = bounded(extensions.connection.set_isolation_level)

    @event.listens_for(engine, "do_connect")
    def use_these(_: object, __: object, ___: object, parameters: dict[str, Any]) -> None:
        parameters.update(connection_factory=Connection, cursor_factory=Cursor)


@contextmanager
def interruptible(seconds: float | None = None) -> Generator[None, None, None]:
    """Lets psycopg2 wait in Python: https://www.psycopg.org/docs/advanced.html#green-support

    A wait that takes more than `seconds` raises OperationalError.
    """
    events = {extensions.POLL_READ: select.POLLIN, extensions.POLL_WRITE: select.POLLOUT}

    def wait(connection: extensions.connection) -> None:
        deadline = None if seconds is None else time.monotonic() + seconds
        while (state := connection.poll()) != extensions.POLL_OK:
            poll = select.poll()
            poll.register(connection.fileno(), events[state])
            left = None if deadline is None else max(0, 1000 * (deadline - time.monotonic()))
            if not poll.poll(left):
                raise psycopg2.OperationalError(f"no answer for {seconds:g} s")

    before = extensions.get_wait_callback()
    extensions.set_wait_callback(wait)
    try:
        yield
    finally:
        extensions.set_wait_callback(before)
