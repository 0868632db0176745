"""Implements group commit: requests that wait while one group is processed form the next group."""

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

    `work` must return a result for each item, in order. It runs in a separate thread, one group at
    a time, with at most `max_group` items. At most `max_waiting` items may wait. There is no timer:
    a request that arrives at an idle queue is processed at once.

    A queue must be used from a single event loop.
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
        # Only the event loop uses these. The thread receives groups and schedules a callback on
        # the event loop with the results.
        self._waiting: deque[_Request[ItemT, ResultT]] = deque()
        self._number_waiting = 0
        self._working = False
        self._groups: SimpleQueue[
            tuple[asyncio.AbstractEventLoop, _Group[ItemT, ResultT]] | None
        ] = SimpleQueue()
        self._thread: Thread | None = None

    async def submit(self, items: Sequence[ItemT]) -> Sequence[ResultT | Exception]:
        """Returns a result or an exception for each item. There may be at most `max_group` items.

        Raises DatabaseUnavailable at once if the queue is full. If the caller is cancelled, the
        items are dropped, unless their group is already being processed.
        """
        assert len(items) <= self._max_group, "more items than a group can hold"
        if self._number_waiting + len(items) > self._max_waiting:
            raise DatabaseUnavailable(
                "Too many requests are waiting for the database; try again later"
            )
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
        """Like `submit` for a single item, but raises its exception instead of returning it."""
        [result] = await self.submit([item])
        if isinstance(result, Exception):
            raise result
        return result

    def close(self) -> None:
        """Waits for the current group. Drops waiting requests and rejects later ones."""
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
        # call_soon lets the event loop first parse requests that have already arrived, so that
        # they join the next group.
        loop.call_soon(self._begin, loop)

    def _results(self, items: Sequence[ItemT]) -> Sequence[ResultT | Exception]:
        """Processes a group. Bisects a group that fails, to isolate the items that cause it."""
        try:
            return self._work(items)
        except DatabaseUnavailable as error:
            return [error] * len(items)
        except Exception as error:
            if len(items) == 1:
                return [error]
            log.warning("%d items failed together, retrying each half: %s", len(items), error)
            half = len(items) // 2
            return [*self._results(items[:half]), *self._results(items[half:])]
