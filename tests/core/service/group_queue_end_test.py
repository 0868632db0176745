"""How requests to a GroupQueue end early: callers that leave, a closed queue, a lost database."""

import asyncio

import pytest

from core.ledgers.errors import DatabaseUnavailable, DatabaseUnreachable, ShuttingDown
from core.service.controlled_work import Work, in_event_loop, queue_of, results, start
from core.service.group_queue import GroupQueue


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
    queue = GroupQueue(work, max_waiting=10, max_group=10, timeout=60)
    [first] = await start(queue.submit_one(1))
    await work.next_group()
    [waiting] = await start(queue.submit_one(2))
    [closing] = await start(queue.close())
    with pytest.raises(ShuttingDown):
        await results(waiting)
    assert not closing.done()
    work.permit()
    assert await results(first, closing) == [2, None]
    assert work.started == [[1]]


def test_a_closed_queue_can_be_used_again_on_another_event_loop() -> None:
    work = Work()
    queue = GroupQueue(work, max_waiting=10, max_group=10, timeout=60)

    async def use() -> None:
        assert await results(queue.submit_one(1), queue.submit([2, 3])) == [2, [4, 6]]
        await queue.close()

    for _ in range(3):
        asyncio.run(use())


@in_event_loop
async def test_a_queue_that_was_never_used_can_be_closed() -> None:
    await GroupQueue(Work(), max_waiting=10, max_group=10, timeout=60).close()


@in_event_loop
async def test_an_unreachable_database_fails_the_waiting_requests_too() -> None:
    work = Work(permits=0)
    work.error = DatabaseUnreachable("gone")
    async with queue_of(work) as queue:
        [failing] = await start(queue.submit([-1, 2]))
        await work.next_group()
        waiting = await start(queue.submit_one(3), queue.submit([4, 5]))
        work.permit()
        assert await results(failing) == [[work.error] * 2]
        with pytest.raises(DatabaseUnreachable):
            await results(waiting[0])
        assert await results(waiting[1]) == [[work.error] * 2]
        assert await results(queue.submit_one(6)) == [12]
    assert work.started == [[-1, 2], [6]]


@in_event_loop
async def test_requests_without_a_result_in_time_fail_and_later_ones_succeed() -> None:
    work = Work(permits=0)
    async with queue_of(work, max_group=1, timeout=0.5) as queue:
        in_progress, waiting = await start(queue.submit([1]), queue.submit([2]))
        for results_ in await results(in_progress, waiting):
            assert isinstance(results_[0], DatabaseUnavailable)
        work.permit()
        assert await results(queue.submit([3])) == [[6]]
        assert work.started == [[1], [3]], "a request that has failed is not processed later"
        assert work.doubled == [1, 3]


@in_event_loop
async def test_only_the_requests_whose_time_is_over_fail() -> None:
    work = Work(permits=0)
    async with queue_of(work, max_group=1, timeout=2) as queue:
        [first] = await start(queue.submit([1]))
        await asyncio.sleep(1.5)
        [second] = await start(queue.submit([2]))
        [[failed]] = await results(first)
        assert isinstance(failed, DatabaseUnavailable)
        assert not second.done()
        work.permit()
        assert await results(second) == [[4]]
