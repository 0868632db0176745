"""How requests are put together: which work is done when, with what, and who gets its results."""

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
    """Doubles numbers, a lot for each permit; notes the lots that it begins, and what it has done.

    A negative number cannot be doubled.
    """

    def __init__(self, *, permits: int = 1000) -> None:
        self.begun: list[list[int]] = []
        self.done: list[int] = []
        self.error: Exception = ValueError("negative")
        self._begun = threading.Semaphore(0)
        self._permits = threading.Semaphore(permits)

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.begun.append(list(numbers))
        self._begun.release()
        assert self._permits.acquire(timeout=60)
        if min(numbers) < 0:
            raise self.error
        self.done += numbers
        return [2 * number for number in numbers]

    def permit(self, lots: int = 1000) -> None:
        self._permits.release(lots)

    async def begins(self) -> None:
        """Returns when one more lot was begun."""
        assert await asyncio.to_thread(self._begun.acquire, timeout=60)


@asynccontextmanager
async def queue_of(
    work: Work, *, max_waiting: int = 1000, max_group: int = 1000
) -> AsyncIterator[GroupQueue[int, int]]:
    queue = GroupQueue(work, max_waiting=max_waiting, max_group=max_group)
    yield queue
    work.permit()
    queue.close()


async def start(*calls: Coroutine[Any, Any, Any]) -> list[Task]:
    """Makes the calls, in order; returns when each waits."""
    tasks = [asyncio.create_task(call) for call in calls]
    await asyncio.sleep(0)
    return tasks


async def results(*tasks: Awaitable[Any]) -> list[Any]:
    return await asyncio.wait_for(asyncio.gather(*tasks), 60)


def in_a_loop(test: Callable[Parameters, Coroutine[Any, Any, None]]) -> Callable[Parameters, None]:
    @wraps(test)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


@in_a_loop
async def test_what_comes_alone_is_done_at_once() -> None:
    work = Work()
    async with queue_of(work) as queue:
        assert await results(queue.submit_one(1)) == [2]
        assert await results(queue.submit([2, 3])) == [[4, 6]]
    assert work.begun == [[1], [2, 3]]


@in_a_loop
async def test_what_comes_while_a_lot_is_done_is_done_together_in_order() -> None:
    work = Work(permits=0)
    async with queue_of(work) as queue:
        [first] = await start(queue.submit_one(1))
        await work.begins()
        waiting = await start(
            queue.submit_one(5), queue.submit([3, 4, 3]), queue.submit_one(2), queue.submit([9])
        )
        assert work.begun == [[1]]
        work.permit()
        assert await results(first, *waiting) == [2, 10, [6, 8, 6], 4, [18]]
    assert work.begun == [[1], [5, 3, 4, 3, 2, 9]]


@in_a_loop
async def test_a_lot_is_no_larger_than_allowed_and_no_request_is_split() -> None:
    work = Work(permits=0)
    async with queue_of(work, max_group=4) as queue:
        requests = [[0], [1, 2], [3, 4, 5], [6], [7], [8, 9, 10, 11], [12]]
        [first] = await start(queue.submit(requests[0]))
        await work.begins()
        waiting = await start(*(queue.submit(request) for request in requests[1:]))
        work.permit()
        expected = [[2 * number for number in request] for request in requests]
        assert await results(first, *waiting) == expected
    assert work.begun == [[0], [1, 2], [3, 4, 5, 6], [7], [8, 9, 10, 11], [12]]


@in_a_loop
async def test_a_full_queue_refuses_at_once_and_accepts_again_when_there_is_room() -> None:
    work = Work(permits=0)
    async with queue_of(work, max_waiting=3) as queue:
        [first] = await start(queue.submit([1, 2, 3]))
        await work.begins()  # what is being done does not wait
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
    assert work.begun == [[1, 2, 3], [4, 5, 8], [10, 11, 12]]


@pytest.mark.parametrize("poisoned", [{0}, {3}, {7}, {2, 3}, {0, 6}, {1, 2, 3, 4, 5}])
@in_a_loop
async def test_what_fails_fails_alone_and_the_rest_is_done_in_order(poisoned: set[int]) -> None:
    work = Work(permits=0)
    numbers = [-number - 1 if number in poisoned else number for number in range(8)]
    good = [number for number in numbers if number >= 0]
    async with queue_of(work) as queue:
        [first] = await start(queue.submit_one(100))
        await work.begins()
        together = await start(queue.submit(numbers[:5]), queue.submit(numbers[5:]))
        work.permit()
        [_, some, others] = await results(first, *together)
    assert work.begun[1] == numbers
    for number, result in zip(numbers, [*some, *others]):
        assert result is work.error if number < 0 else result == 2 * number
    assert work.done == [100, *good]


@in_a_loop
async def test_who_asks_for_one_is_told_its_own_failure_only() -> None:
    work = Work(permits=0)
    async with queue_of(work) as queue:
        [first] = await start(queue.submit_one(1))
        await work.begins()
        [good, bad] = await start(queue.submit_one(2), queue.submit_one(-2))
        work.permit()
        with pytest.raises(ValueError, match="negative"):
            await bad
        assert await results(first, good) == [2, 4]


@in_a_loop
async def test_an_unavailable_database_is_not_asked_again_for_each_half() -> None:
    work = Work(permits=0)
    work.error = DatabaseUnavailable("gone")
    async with queue_of(work) as queue:
        [first] = await start(queue.submit_one(1))
        await work.begins()
        [one, several] = await start(queue.submit_one(2), queue.submit([-1, 3]))
        work.permit()
        with pytest.raises(DatabaseUnavailable, match="gone"):
            await one
        assert await results(first, several) == [2, [work.error, work.error]]
        assert work.begun == [[1], [2, -1, 3]]
        assert await results(queue.submit_one(4)) == [8]


@in_a_loop
async def test_work_that_has_begun_is_finished_for_a_cancelled_caller_too() -> None:
    work = Work(permits=0)
    async with queue_of(work) as queue:
        [first] = await start(queue.submit_one(1))
        await work.begins()
        [leaving, staying] = await start(queue.submit([2, 3]), queue.submit_one(4))
        work.permit(1)
        await work.begins()
        leaving.cancel()
        await asyncio.sleep(0)
        work.permit()
        assert await results(first, staying) == [2, 8]
        assert leaving.cancelled()
        assert await results(queue.submit_one(5)) == [10]
    assert work.done == [1, 2, 3, 4, 5]


@in_a_loop
async def test_work_that_has_not_begun_is_never_done_for_a_cancelled_caller() -> None:
    work = Work(permits=0)
    async with queue_of(work, max_waiting=4) as queue:
        [first] = await start(queue.submit_one(1))
        await work.begins()
        leaving, staying = await start(queue.submit([2, 3]), queue.submit_one(4))
        leaving.cancel()
        await asyncio.sleep(0)
        work.permit(1)
        await work.begins()
        # The room of who left is free again.
        waiting = await start(queue.submit([5, 6, 7, 8]))
        waiting[0].cancel()
        await asyncio.sleep(0)
        work.permit()
        assert await results(first, staying) == [2, 8]
        assert await results(queue.submit_one(9)) == [18]
    assert work.begun == [[1], [4], [9]]


@in_a_loop
async def test_closing_waits_for_what_is_being_done_and_never_begins_what_waits() -> None:
    work = Work(permits=0)
    queue = GroupQueue(work, max_waiting=10, max_group=10)
    [first] = await start(queue.submit_one(1))
    await work.begins()
    [waiting] = await start(queue.submit_one(2))
    later = threading.Timer(0.3, work.permit)
    later.start()
    queue.close()
    assert work.done == [1]
    later.join()
    assert await results(first) == [2]
    with pytest.raises(DatabaseUnavailable):
        await queue.submit_one(3)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert work.begun == [[1]]


def test_what_was_never_used_can_be_closed() -> None:
    GroupQueue(Work(), max_waiting=10, max_group=10).close()
