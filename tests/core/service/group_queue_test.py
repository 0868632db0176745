"""How GroupQueue groups requests: what it works on when, and which results each caller gets."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, ParamSpec

import pytest

from core.ledgers.errors import DatabaseUnavailable
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
        self._started = threading.Semaphore(0)
        self._permits = threading.Semaphore(permits)

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.started.append(list(numbers))
        self._started.release()
        assert self._permits.acquire(timeout=60)
        if min(numbers) < 0:
            raise self.error
        self.doubled += numbers
        return [2 * number for number in numbers]

    def permit(self, groups: int = 1000) -> None:
        self._permits.release(groups)

    async def next_group(self) -> None:
        """Returns once work on one more group has started."""
        assert await asyncio.to_thread(self._started.acquire, timeout=60)


@asynccontextmanager
async def queue_of(
    work: Work, *, max_waiting: int = 1000, max_group: int = 1000
) -> AsyncIterator[GroupQueue[int, int]]:
    queue = GroupQueue(work, max_waiting=max_waiting, max_group=max_group)
    yield queue
    work.permit()
    queue.close()


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


@in_event_loop
async def test_an_idle_queue_works_on_a_request_at_once() -> None:
    work = Work()
    async with queue_of(work) as queue:
        assert await results(queue.submit_one(1)) == [2]
        assert await results(queue.submit([2, 3])) == [[4, 6]]
    assert work.started == [[1], [2, 3]]


@in_event_loop
async def test_requests_that_arrive_during_a_group_become_the_next_group_in_order() -> None:
    work = Work(permits=0)
    async with queue_of(work) as queue:
        [first] = await start(queue.submit_one(1))
        await work.next_group()
        waiting = await start(
            queue.submit_one(5), queue.submit([3, 4, 3]), queue.submit_one(2), queue.submit([9])
        )
        assert work.started == [[1]]
        work.permit()
        assert await results(first, *waiting) == [2, 10, [6, 8, 6], 4, [18]]
    assert work.started == [[1], [5, 3, 4, 3, 2, 9]]


@in_event_loop
async def test_a_group_stays_within_its_limit_and_never_splits_a_request() -> None:
    work = Work(permits=0)
    async with queue_of(work, max_group=4) as queue:
        requests = [[0], [1, 2], [3, 4, 5], [6], [7], [8, 9, 10, 11], [12]]
        [first] = await start(queue.submit(requests[0]))
        await work.next_group()
        waiting = await start(*(queue.submit(request) for request in requests[1:]))
        work.permit()
        expected = [[2 * number for number in request] for request in requests]
        assert await results(first, *waiting) == expected
    assert work.started == [[0], [1, 2], [3, 4, 5, 6], [7], [8, 9, 10, 11], [12]]


@in_event_loop
async def test_a_full_queue_refuses_at_once_and_accepts_again_once_it_has_capacity() -> None:
    work = Work(permits=0)
    async with queue_of(work, max_waiting=3) as queue:
        [first] = await start(queue.submit([1, 2, 3]))
        await work.next_group()  # no longer waiting, so it takes up no capacity
        waiting = await start(queue.submit([4, 5]))
        with pytest.raises(DatabaseUnavailable):
            await results(queue.submit([6, 7]))
        waiting += await start(queue.submit_one(8))
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable):
                await results(queue.submit_one(9))
        assert not first.done()
        work.permit()
        assert await results(first, *waiting) == [[2, 4, 6], [8, 10], 16]
        assert await results(queue.submit([10, 11, 12])) == [[20, 22, 24]]
    assert work.started == [[1, 2, 3], [4, 5, 8], [10, 11, 12]]


@pytest.mark.parametrize("poisoned", [{0}, {3}, {7}, {2, 3}, {0, 6}, {1, 2, 3, 4, 5}])
@in_event_loop
async def test_a_failing_group_is_bisected_and_its_other_items_are_worked_on_in_order(
    poisoned: set[int],
) -> None:
    work = Work(permits=0)
    numbers = [-number - 1 if number in poisoned else number for number in range(8)]
    valid = [number for number in numbers if number >= 0]
    async with queue_of(work) as queue:
        [first] = await start(queue.submit_one(100))
        await work.next_group()
        group = await start(queue.submit(numbers[:5]), queue.submit(numbers[5:]))
        work.permit()
        [_, some, others] = await results(first, *group)
    assert work.started[1] == numbers
    for number, result in zip(numbers, [*some, *others]):
        assert result is work.error if number < 0 else result == 2 * number
    assert work.doubled == [100, *valid]


@in_event_loop
async def test_submit_one_raises_only_the_exception_of_its_own_item() -> None:
    work = Work(permits=0)
    async with queue_of(work) as queue:
        [first] = await start(queue.submit_one(1))
        await work.next_group()
        [valid, failing] = await start(queue.submit_one(2), queue.submit_one(-2))
        work.permit()
        with pytest.raises(ValueError, match="negative"):
            await failing
        assert await results(first, valid) == [2, 4]


@in_event_loop
async def test_a_group_is_not_bisected_when_the_database_is_unavailable() -> None:
    work = Work(permits=0)
    work.error = DatabaseUnavailable("gone")
    async with queue_of(work) as queue:
        [first] = await start(queue.submit_one(1))
        await work.next_group()
        [one, several] = await start(queue.submit_one(2), queue.submit([-1, 3]))
        work.permit()
        with pytest.raises(DatabaseUnavailable, match="gone"):
            await one
        assert await results(first, several) == [2, [work.error, work.error]]
        assert work.started == [[1], [2, -1, 3]]
        assert await results(queue.submit_one(4)) == [8]


@in_event_loop
async def test_started_work_is_finished_even_when_its_caller_is_cancelled() -> None:
    work = Work(permits=0)
    async with queue_of(work) as queue:
        [first] = await start(queue.submit_one(1))
        await work.next_group()
        [cancelled, other] = await start(queue.submit([2, 3]), queue.submit_one(4))
        work.permit(1)
        await work.next_group()
        cancelled.cancel()
        await asyncio.sleep(0)
        work.permit()
        assert await results(first, other) == [2, 8]
        assert cancelled.cancelled()
        assert await results(queue.submit_one(5)) == [10]
    assert work.doubled == [1, 2, 3, 4, 5]


@in_event_loop
async def test_a_waiting_request_is_dropped_when_its_caller_is_cancelled() -> None:
    work = Work(permits=0)
    async with queue_of(work, max_waiting=4) as queue:
        [first] = await start(queue.submit_one(1))
        await work.next_group()
        cancelled, other = await start(queue.submit([2, 3]), queue.submit_one(4))
        cancelled.cancel()
        await asyncio.sleep(0)
        work.permit(1)
        await work.next_group()
        # The cancelled request takes up no capacity any more.
        waiting = await start(queue.submit([5, 6, 7, 8]))
        waiting[0].cancel()
        await asyncio.sleep(0)
        work.permit()
        assert await results(first, other) == [2, 8]
        assert await results(queue.submit_one(9)) == [18]
    assert work.started == [[1], [4], [9]]


@in_event_loop
async def test_closing_finishes_the_current_group_and_drops_the_waiting_requests() -> None:
    work = Work(permits=0)
    queue = GroupQueue(work, max_waiting=10, max_group=10)
    [first] = await start(queue.submit_one(1))
    await work.next_group()
    [waiting] = await start(queue.submit_one(2))
    timer = threading.Timer(0.3, work.permit)
    timer.start()
    queue.close()
    assert work.doubled == [1]
    timer.join()
    assert await results(first) == [2]
    with pytest.raises(DatabaseUnavailable):
        await queue.submit_one(3)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert work.started == [[1]]


def test_a_queue_that_was_never_used_can_be_closed() -> None:
    GroupQueue(Work(), max_waiting=10, max_group=10).close()
