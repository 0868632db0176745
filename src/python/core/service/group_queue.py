"""Queues requests, and does the work of all that wait as one group: the next while one is done."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from core.ledgers.errors import DatabaseUnavailable

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

log = logging.getLogger(__name__)


class _Request(Generic[ItemT, ResultT]):
    def __init__(self, items: Sequence[ItemT], loop: asyncio.AbstractEventLoop) -> None:
        self.items = items
        self.results: asyncio.Future[Sequence[ResultT | Exception]] = loop.create_future()


_Group = list[_Request[ItemT, ResultT]]


class GroupQueue(Generic[ItemT, ResultT]):
    """Calls `work` with the items of the waiting requests, in order of arrival.

    `work` returns a result for each item, in order; it runs in a thread of its own, one group
    after another. There is no timer: what arrives at an idle queue is done at once. For one event
    loop.
    """

    def __init__(
        self,
        work: Callable[[Sequence[ItemT]], Sequence[ResultT]],
        *,
        max_waiting: int,
        max_group: int,
    ) -> None:
        self._work = work
        self._max_waiting = max_waiting
        self._max_group = max_group
        # These are the event loop's. The thread gets a group, and calls back with its results.
        self._waiting: deque[_Request[ItemT, ResultT]] = deque()
        self._number_waiting = 0
        self._working = False
        self._groups: SimpleQueue[
            tuple[asyncio.AbstractEventLoop, _Group[ItemT, ResultT]] | None
        ] = SimpleQueue()
        self._thread: Thread | None = None

    async def submit(self, items: Sequence[ItemT]) -> Sequence[ResultT | Exception]:
        """Returns the result of each item, or its exception. At most `max_group` items.

        Raises DatabaseUnavailable at once when the queue is full. If the caller is cancelled,
        work that has begun is finished, and other work is dropped.
        """
        assert len(items) <= self._max_group, "no group could hold them"
        if self._number_waiting + len(items) > self._max_waiting:
            raise DatabaseUnavailable("Too many requests wait for the database; try again later")
        if self._thread is None:
            self._thread = Thread(target=self._work_on_groups, daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        request: _Request[ItemT, ResultT] = _Request(items, loop)
        self._waiting.append(request)
        self._number_waiting += len(items)
        if not self._working:
            self._working = True
            loop.call_soon(self._begin, loop)
        return await request.results

    async def submit_one(self, item: ItemT) -> ResultT:
        """Returns the result of `item`, or raises its exception; else like `submit`."""
        [result] = await self.submit([item])
        if isinstance(result, Exception):
            raise result
        return result

    def close(self) -> None:
        """Waits for the group that is being worked on. Waiting and later requests are dropped."""
        self._waiting.clear()
        self._max_waiting = -1
        if self._thread is not None:
            self._groups.put(None)
            self._thread.join()

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        group: _Group[ItemT, ResultT] = []
        free = self._max_group
        while self._waiting and len(self._waiting[0].items) <= free:
            request = self._waiting.popleft()
            self._number_waiting -= len(request.items)
            if not request.results.cancelled():
                group.append(request)
                free -= len(request.items)
        self._working = bool(group)
        if self._working:
            self._groups.put((loop, group))

    def _work_on_groups(self) -> None:
        while (given := self._groups.get()) is not None:
            loop, group = given
            results = self._results([item for request in group for item in request.items])
            loop.call_soon_threadsafe(self._end, loop, group, results)

    def _end(
        self,
        loop: asyncio.AbstractEventLoop,
        group: _Group[ItemT, ResultT],
        results: Sequence[ResultT | Exception],
    ) -> None:
        end = 0
        for request in group:
            start, end = end, end + len(request.items)
            if not request.results.cancelled():
                request.results.set_result(results[start:end])
        # Soon, not now: requests that have arrived by now are parsed first, and join the group.
        loop.call_soon(self._begin, loop)

    def _results(self, items: Sequence[ItemT]) -> Sequence[ResultT | Exception]:
        """Bisects a group that fails, to isolate the items that fail on their own."""
        try:
            return self._work(items)
        except DatabaseUnavailable as error:
            return [error] * len(items)
        except Exception as error:
            if len(items) == 1:
                return [error]
            log.warning("%d items failed together, so each half is tried: %s", len(items), error)
            half = len(items) // 2
            return [*self._results(items[:half]), *self._results(items[half:])]
