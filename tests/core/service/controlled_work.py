"""What the tests of GroupQueue share: work that they control, and a queue of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, ParamSpec

from core.service.group_queue import GroupQueue

Task = asyncio.Task[Any]
Parameters = ParamSpec("Parameters")


class Work:
    """Doubles the numbers of a group, one group per permit, and records what it has worked on.

    A negative number makes its group fail with `error`.
    """

    def __init__(self, *, permits: int = 1000) -> None:
        self.started: list[list[int]] = []
        self.doubled: list[int] = []
        self.error: Exception = ValueError("negative")
        self._started = asyncio.Semaphore(0)
        self._permits = asyncio.Semaphore(permits)

    async def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.started.append(list(numbers))
        self._started.release()
        await asyncio.wait_for(self._permits.acquire(), 60)
        if min(numbers) < 0:
            raise self.error
        self.doubled += numbers
        return [2 * number for number in numbers]

    def permit(self, groups: int = 1000) -> None:
        for _ in range(groups):
            self._permits.release()

    async def next_group(self) -> None:
        """Returns once work on one more group has started."""
        await asyncio.wait_for(self._started.acquire(), 60)


@asynccontextmanager
async def queue_of(
    work: Work, *, max_waiting: int = 1000, max_group: int = 1000, timeout: float = 60
) -> AsyncIterator[GroupQueue[int, int]]:
    queue = GroupQueue(work, max_waiting=max_waiting, max_group=max_group, timeout=timeout)
    yield queue
    work.permit()
    await queue.close()


async def start(*calls: Coroutine[Any, Any, Any]) -> list[Task]:
    """Starts the calls, in order; returns once each has submitted its request."""
    tasks = [asyncio.create_task(call) for call in calls]
    await asyncio.sleep(0)
    return tasks


async def results(*tasks: Awaitable[Any]) -> list[Any]:
    return await asyncio.wait_for(asyncio.gather(*tasks), 60)


def in_event_loop(
    test: Callable[Parameters, Coroutine[Any, Any, None]],
) -> Callable[Parameters, None]:
    @wraps(test)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run
