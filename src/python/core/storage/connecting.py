"""Begins to connect to a server, and goes on with the next one if that fails."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import psycopg2
from psycopg2.extensions import connection as PsycopgConnection

from core.storage.addresses import Unresolved

_Result = TypeVar("_Result")


async def open_first(
    targets: Sequence[Mapping[str, str]],
    open_target: Callable[[Mapping[str, str], float], Awaitable[_Result]],
    deadline: float,
) -> _Result:
    """Opens the first target that accepts. Each has a share of the time until the deadline.

    If none accepts, raises the psycopg2.Error of the last target that could be resolved, or of the
    first target if none could.
    """
    loop = asyncio.get_running_loop()
    failure: psycopg2.Error | None = None
    for number, target in enumerate(targets):
        share = max(0, deadline - loop.time()) / (len(targets) - number)
        try:
            return await open_target(target, share)
        except psycopg2.Error as error:
            if failure is None or not isinstance(error, Unresolved):  # a server's answer says more
                failure = error
    assert failure is not None, "there is a target"
    raise failure


async def begin_connecting(
    parameters: Mapping[str, Any], timeout: float, *, in_thread: bool
) -> PsycopgConnection:
    """Begins to connect. Raises psycopg2.Error if that fails at once, as without a route.

    It must be `in_thread` if the parameters lack the address: libpq waits for the look-up.
    """

    def connect() -> PsycopgConnection:
        connection: PsycopgConnection = psycopg2.connect("", **parameters, async_=1)
        return connection

    return await resolve_in_time(asyncio.to_thread(connect), timeout) if in_thread else connect()


async def resolve_in_time(look_up: Coroutine[Any, Any, _Result], timeout: float) -> _Result:
    """Awaits a look-up. Raises Unresolved if it takes longer than `timeout`."""
    # Not asyncio.wait_for: before Python 3.12, a cancellation is lost if the result comes with it.
    task = asyncio.create_task(look_up)
    try:
        await asyncio.wait([task], timeout=timeout)
        if not task.done():
            raise Unresolved("no answer in time: resolving the host")
        return task.result()
    finally:
        task.cancel()
