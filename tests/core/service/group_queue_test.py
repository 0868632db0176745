"""How GroupQueue groups requests: what it works on when, and which results each caller gets."""

import pytest

from core.ledgers.errors import DatabaseUnavailable, Overloaded
from core.service.controlled_work import Work, in_event_loop, queue_of, results, start


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
        with pytest.raises(Overloaded):
            await results(queue.submit([6, 7]))
        waiting += await start(queue.submit_one(8))
        for _ in range(2):
            with pytest.raises(Overloaded):
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
async def test_a_request_counts_with_its_size() -> None:
    work = Work(permits=0)
    async with queue_of(work, max_waiting=10, max_group=6) as queue:
        [first] = await start(queue.submit_one(1))
        await work.next_group()
        waiting = await start(
            queue.submit_one(2, size=4), queue.submit_one(3, size=2), queue.submit_one(4, size=4)
        )
        with pytest.raises(Overloaded):
            await queue.submit_one(5)
        work.permit()
        assert await results(first, *waiting) == [2, 4, 6, 8]
    assert work.started == [[1], [2, 3], [4]]
