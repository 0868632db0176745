"""How requests are put together: which work is done when, with what, and who gets its results."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, ParamSpec

import pytest

from core.ledgers.errors import DatabaseUnavailable
from core.service.coalescing import Coalescer

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
async def coalescing(
    work: Work, *, most_waiting: int = 1000, most_at_once: int = 1000
) -> AsyncIterator[Coalescer[int, int]]:
    coalescer = Coalescer(work, most_waiting=most_waiting, most_at_once=most_at_once)
    yield coalescer
    work.permit()
    coalescer.close()


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
    async with coalescing(work) as coalescer:
        assert await results(coalescer.do_one(1)) == [2]
        assert await results(coalescer.do([2, 3])) == [[4, 6]]
    assert work.begun == [[1], [2, 3]]


@in_a_loop
async def test_what_comes_while_a_lot_is_done_is_done_together_in_order() -> None:
    work = Work(permits=0)
    async with coalescing(work) as coalescer:
        [first] = await start(coalescer.do_one(1))
        await work.begins()
        waiting = await start(
            coalescer.do_one(5), coalescer.do([3, 4, 3]), coalescer.do_one(2), coalescer.do([9])
        )
        assert work.begun == [[1]]
        work.permit()
        assert await results(first, *waiting) == [2, 10, [6, 8, 6], 4, [18]]
    assert work.begun == [[1], [5, 3, 4, 3, 2, 9]]


@in_a_loop
async def test_a_lot_is_no_larger_than_allowed_and_no_request_is_split() -> None:
    work = Work(permits=0)
    async with coalescing(work, most_at_once=4) as coalescer:
        requests = [[0], [1, 2], [3, 4, 5], [6], [7], [8, 9, 10, 11], [12]]
        [first] = await start(coalescer.do(requests[0]))
        await work.begins()
        waiting = await start(*(coalescer.do(request) for request in requests[1:]))
        work.permit()
        expected = [[2 * number for number in request] for request in requests]
        assert await results(first, *waiting) == expected
    assert work.begun == [[0], [1, 2], [3, 4, 5, 6], [7], [8, 9, 10, 11], [12]]


@in_a_loop
async def test_a_full_queue_refuses_at_once_and_accepts_again_when_there_is_room() -> None:
    work = Work(permits=0)
    async with coalescing(work, most_waiting=3) as coalescer:
        [first] = await start(coalescer.do([1, 2, 3]))
        await work.begins()  # what is being done does not wait
        waiting = await start(coalescer.do([4, 5]))
        with pytest.raises(DatabaseUnavailable):
            await results(coalescer.do([6, 7]))
        waiting += await start(coalescer.do_one(8))
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable):
                await results(coalescer.do_one(9))
        assert not first.done()
        work.permit()
        assert await results(first, *waiting) == [[2, 4, 6], [8, 10], 16]
        assert await results(coalescer.do([10, 11, 12])) == [[20, 22, 24]]
    assert work.begun == [[1, 2, 3], [4, 5, 8], [10, 11, 12]]


@pytest.mark.parametrize("poisoned", [{0}, {3}, {7}, {2, 3}, {0, 6}, {1, 2, 3, 4, 5}])
@in_a_loop
async def test_what_fails_fails_alone_and_the_rest_is_done_in_order(poisoned: set[int]) -> None:
    work = Work(permits=0)
    numbers = [-number - 1 if number in poisoned else number for number in range(8)]
    good = [number for number in numbers if number >= 0]
    async with coalescing(work) as coalescer:
        [first] = await start(coalescer.do_one(100))
        await work.begins()
        together = await start(coalescer.do(numbers[:5]), coalescer.do(numbers[5:]))
        work.permit()
        [_, some, others] = await results(first, *together)
    assert work.begun[1] == numbers
    for number, result in zip(numbers, [*some, *others]):
        assert result is work.error if number < 0 else result == 2 * number
    assert work.done == [100, *good]


@in_a_loop
async def test_who_asks_for_one_is_told_its_own_failure_only() -> None:
    work = Work(permits=0)
    async with coalescing(work) as coalescer:
        [first] = await start(coalescer.do_one(1))
        await work.begins()
        [good, bad] = await start(coalescer.do_one(2), coalescer.do_one(-2))
        work.permit()
        with pytest.raises(ValueError, match="negative"):
            await bad
        assert await results(first, good) == [2, 4]


@in_a_loop
async def test_an_unavailable_database_is_not_asked_again_for_each_half() -> None:
    work = Work(permits=0)
    work.error = DatabaseUnavailable("gone")
    async with coalescing(work) as coalescer:
        [first] = await start(coalescer.do_one(1))
        await work.begins()
        [one, several] = await start(coalescer.do_one(2), coalescer.do([-1, 3]))
        work.permit()
        with pytest.raises(DatabaseUnavailable, match="gone"):
            await one
        assert await results(first, several) == [2, [work.error, work.error]]
        assert work.begun == [[1], [2, -1, 3]]
        assert await results(coalescer.do_one(4)) == [8]


@in_a_loop
async def test_work_that_has_begun_is_finished_for_a_cancelled_caller_too() -> None:
    work = Work(permits=0)
    async with coalescing(work) as coalescer:
        [first] = await start(coalescer.do_one(1))
        await work.begins()
        [leaving, staying] = await start(coalescer.do([2, 3]), coalescer.do_one(4))
        work.permit(1)
        await work.begins()
        leaving.cancel()
        await asyncio.sleep(0)
        work.permit()
        assert await results(first, staying) == [2, 8]
        assert leaving.cancelled()
        assert await results(coalescer.do_one(5)) == [10]
    assert work.done == [1, 2, 3, 4, 5]


@in_a_loop
async def test_work_that_has_not_begun_is_never_done_for_a_cancelled_caller() -> None:
    work = Work(permits=0)
    async with coalescing(work, most_waiting=4) as coalescer:
        [first] = await start(coalescer.do_one(1))
        await work.begins()
        leaving, staying = await start(coalescer.do([2, 3]), coalescer.do_one(4))
        leaving.cancel()
        await asyncio.sleep(0)
        work.permit(1)
        await work.begins()
        # The room of who left is free again.
        waiting = await start(coalescer.do([5, 6, 7, 8]))
        waiting[0].cancel()
        await asyncio.sleep(0)
        work.permit()
        assert await results(first, staying) == [2, 8]
        assert await results(coalescer.do_one(9)) == [18]
    assert work.begun == [[1], [4], [9]]


@in_a_loop
async def test_closing_waits_for_what_is_being_done_and_never_begins_what_waits() -> None:
    work = Work(permits=0)
    coalescer = Coalescer(work, most_waiting=10, most_at_once=10)
    [first] = await start(coalescer.do_one(1))
    await work.begins()
    [waiting] = await start(coalescer.do_one(2))
    later = threading.Timer(0.3, work.permit)
    later.start()
    coalescer.close()
    assert work.done == [1]
    later.join()
    assert await results(first) == [2]
    with pytest.raises(DatabaseUnavailable):
        await coalescer.do_one(3)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert work.begun == [[1]]


def test_what_was_never_used_can_be_closed() -> None:
    Coalescer(Work(), most_waiting=10, most_at_once=10).close()
