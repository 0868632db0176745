"""Does the work of concurrent requests together: while one lot is done, the next one gathers."""

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


class Coalescer(Generic[ItemT, ResultT]):
    """Gives `work` all that waits, in the order in which it came: one lot after the other.

    `work` returns a result for each item, in order; it runs in a thread of its own. There is no
    timer: what comes while nothing is being done is done at once. For one event loop.
    """

    def __init__(
        self,
        work: Callable[[Sequence[ItemT]], Sequence[ResultT]],
        *,
        most_waiting: int,
        most_at_once: int,
    ) -> None:
        self._work = work
        self._most_waiting = most_waiting
        self._most_at_once = most_at_once
        # Of the event loop only. The thread is given a lot, and calls back with its results.
        self._waiting: deque[_Request[ItemT, ResultT]] = deque()
        self._number_waiting = 0
        self._busy = False
        self._lots: SimpleQueue[
            tuple[asyncio.AbstractEventLoop, list[_Request[ItemT, ResultT]]] | None
        ] = SimpleQueue()
        self._thread: Thread | None = None

    async def do(self, items: Sequence[ItemT]) -> Sequence[ResultT | Exception]:
        """The result of each item, or why it has none. At most `most_at_once` items.

        Raises DatabaseUnavailable at once when too much waits. The work of a caller who is
        cancelled is done nevertheless if it has begun, and else not.
        """
        assert len(items) <= self._most_at_once, "they would wait for ever"
        if self._number_waiting + len(items) > self._most_waiting:
            raise DatabaseUnavailable("Too many requests wait for the database; try again later")
        if self._thread is None:
            self._thread = Thread(target=self._work_on_lots, daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        request: _Request[ItemT, ResultT] = _Request(items, loop)
        self._waiting.append(request)
        self._number_waiting += len(items)
        if not self._busy:
            self._busy = True
            loop.call_soon(self._begin, loop)
        return await request.results

    async def do_one(self, item: ItemT) -> ResultT:
        """The result of `item`, as above. Raises why it has none."""
        [result] = await self.do([item])
        if isinstance(result, Exception):
            raise result
        return result

    def close(self) -> None:
        """Waits until nothing is being done. What waits is never begun, and nothing more waits."""
        self._waiting.clear()
        self._most_waiting = -1
        if self._thread is not None:
            self._lots.put(None)
            self._thread.join()

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        lot: list[_Request[ItemT, ResultT]] = []
        room = self._most_at_once
        while self._waiting and len(self._waiting[0].items) <= room:
            request = self._waiting.popleft()
            self._number_waiting -= len(request.items)
            if not request.results.cancelled():
                lot.append(request)
                room -= len(request.items)
        self._busy = bool(lot)
        if self._busy:
            self._lots.put((loop, lot))

    def _work_on_lots(self) -> None:
        while (given := self._lots.get()) is not None:
            loop, lot = given
            results = self._results([item for request in lot for item in request.items])
            loop.call_soon_threadsafe(self._end, loop, lot, results)

    def _end(
        self,
        loop: asyncio.AbstractEventLoop,
        lot: Sequence[_Request[ItemT, ResultT]],
        results: Sequence[ResultT | Exception],
    ) -> None:
        end = 0
        for request in lot:
            start, end = end, end + len(request.items)
            if not request.results.cancelled():
                request.results.set_result(results[start:end])
        # Soon, not now: what has arrived by now is parsed before, and makes the lot larger.
        loop.call_soon(self._begin, loop)

    def _results(self, items: Sequence[ItemT]) -> Sequence[ResultT | Exception]:
        """Halves a lot that fails, until only what fails alone has failed."""
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
