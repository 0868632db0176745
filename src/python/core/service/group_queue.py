"""Implements group commit: requests that wait while one group is processed form the next group."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Generic, Protocol, TypeVar

from core.ledgers.errors import DatabaseUnavailable, DatabaseUnreachable, Overloaded, ShuttingDown
from core.logs.current_requests import current_requests, work_for

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

log = logging.getLogger(__name__)


class QueueObserver(Protocol):
    """Receives the reports of a queue."""

    @property
    def waiting(self) -> Callable[[int], object]:
        """Called with the size of the waiting requests whenever it changes."""
        ...

    def group(self, size: int, waits: Sequence[float]) -> object:
        """Called when a group begins, with how many seconds each of its requests has waited."""


class _Unobserved:
    """Takes the reports of a queue and does nothing."""

    def waiting(self, size: int) -> None: ...

    def group(self, size: int, waits: Sequence[float]) -> None: ...


class _Request(Generic[ItemT, ResultT]):
    __slots__ = ("items", "size", "deadline", "results", "served")

    def __init__(
        self, items: Sequence[ItemT], size: int, deadline: float, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.items = items
        self.size = size
        self.deadline = deadline
        self.results: asyncio.Future[Sequence[ResultT | Exception]] = loop.create_future()
        self.served = current_requests()

    def fail(self, error: Exception) -> None:
        if not self.results.done():
            self.results.set_result([error] * len(self.items))


_Group = list[_Request[ItemT, ResultT]]


class GroupQueue(Generic[ItemT, ResultT]):
    """Awaits `work` with the items of the waiting requests, in order of arrival.

    `work` must return a result or an exception for each item, in order. It is awaited for one
    group at a time. The sizes of a group's requests add up to at most `max_group`, and those of the
    waiting requests to at most `max_waiting`.

    A request that arrives at an idle queue is processed at once. One that has no result after
    `timeout` seconds fails; its items may still be processed.
    """

    def __init__(
        self,
        work: Callable[[Sequence[ItemT]], Awaitable[Sequence[ResultT | Exception]]],
        *,
        max_waiting: int,
        max_group: int,
        timeout: float,
        observer: QueueObserver = _Unobserved(),
    ) -> None:
        self._work = work
        self._max_waiting = max_waiting
        self._max_group = max_group
        self._timeout = timeout
        self._observer = observer
        self._group: _Group[ItemT, ResultT] = []
        self._waiting: deque[_Request[ItemT, ResultT]] = deque()
        self._size_waiting = 0
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None  # for the oldest request

    async def submit(
        self, items: Sequence[ItemT], *, size: int | None = None
    ) -> Sequence[ResultT | Exception]:
        """Returns a result or an exception for each item.

        The request's `size` may be at most `max_group`; by default it is the number of items.

        Raises Overloaded at once if the queue is full. After the timeout, each result is
        DatabaseUnavailable. If the caller is cancelled, the items are dropped, unless their group
        is already being processed.
        """
        size = len(items) if size is None else size
        assert size <= self._max_group, "larger than a group may be"
        if self._size_waiting + size > self._max_waiting:
            raise Overloaded("Too many requests are waiting for the database; try again later")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout
        request: _Request[ItemT, ResultT] = _Request(items, size, deadline, loop)
        self._waiting.append(request)
        self._size_waiting += size
        self._observer.waiting(self._size_waiting)
        if self._timer is None:
            self._timer = loop.call_at(deadline, self._expire, loop)
        if self._task is None:
            # It starts once the event loop has parsed the requests that have already arrived, so
            # that they join the group.
            self._task = loop.create_task(self._work_on_groups())
        return await request.results

    async def submit_one(self, item: ItemT, *, size: int = 1) -> ResultT:
        """Like `submit` for a single item, but raises its exception instead of returning it."""
        [result] = await self.submit([item], size=size)
        if isinstance(result, Exception):
            raise result
        return result

    async def close(self) -> None:
        """Waits for the current group and rejects the waiting requests. Accepts later ones."""
        self._fail_waiting(ShuttingDown("The service is shutting down; try again"))
        if self._task is not None:
            await asyncio.wait([self._task])
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        """Fails the requests whose time is over."""
        error = DatabaseUnavailable(
            "The database did not answer in time; try again, with the same nonce"
        )
        self._timer = None
        now = loop.time()
        for request in chain(self._group, self._waiting):
            if request.results.done():
                continue
            if request.deadline > now:
                self._timer = loop.call_at(request.deadline, self._expire, loop)
                return
            request.fail(error)

    async def _work_on_groups(self) -> None:
        try:
            while group := self._next_group():
                self._group = group
                work_for([served for request in group for served in request.served])
                results = await self._results([item for each in group for item in each.items])
                end = 0
                for request in group:
                    start, end = end, end + len(request.items)
                    if not request.results.done():
                        request.results.set_result(results[start:end])
                await asyncio.sleep(0)  # for the requests that have arrived, as above
        finally:
            self._task = None
            for request in self._group:  # without a result only if this task was cancelled
                if not request.results.done():
                    request.results.cancel()
            self._group = []

    def _next_group(self) -> _Group[ItemT, ResultT]:
        group: _Group[ItemT, ResultT] = []
        free = self._max_group
        while self._waiting and self._waiting[0].size <= free:
            request = self._next()
            if not request.results.done():
                group.append(request)
                free -= request.size
        self._observer.waiting(self._size_waiting)
        if group:
            now = asyncio.get_running_loop().time()
            waits = [now + self._timeout - request.deadline for request in group]
            self._observer.group(self._max_group - free, waits)
        return group

    def _next(self) -> _Request[ItemT, ResultT]:
        request = self._waiting.popleft()
        self._size_waiting -= request.size
        return request

    async def _results(self, items: Sequence[ItemT]) -> Sequence[ResultT | Exception]:
        """Processes a group. Bisects the items that fail, to isolate those that cause it."""
        results = await self._try(items)
        failed = [
            number
            for number, result in enumerate(results)
            if isinstance(result, Exception) and not isinstance(result, DatabaseUnavailable)
        ]
        if len(failed) > 1:
            log.warning(
                "%d items failed together, retrying each half: %s", len(failed), results[failed[0]]
            )
            half = len(failed) // 2
            for part in (failed[:half], failed[half:]):
                retried = await self._results([items[number] for number in part])
                for number, result in zip(part, retried):
                    results[number] = result
        return results

    async def _try(self, items: Sequence[ItemT]) -> list[ResultT | Exception]:
        results: list[ResultT | Exception] = []
        try:
            results += await self._work(items)
        except Exception as error:
            results += [error] * len(items)
        for result in results:
            if isinstance(result, DatabaseUnreachable):
                # The requests that wait behind this group would wait as long, only to fail, too.
                self._fail_waiting(result)
                break
        return results

    def _fail_waiting(self, error: DatabaseUnavailable) -> None:
        while self._waiting:
            self._next().fail(error)
        self._observer.waiting(0)
