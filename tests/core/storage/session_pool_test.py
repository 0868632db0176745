"""A pool lends each session to one caller at a time, in order of arrival, and loses none."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

import pytest

from core.ledgers.errors import DatabaseUnavailable, Overloaded, ShuttingDown
from core.storage.session import Session
from core.storage.session_pool import SessionPool


def pool(size: int = 2, max_waiting: int = 100, timeout: float = 60) -> SessionPool:
    def make() -> Session:  # which does not connect before it executes a statement
        return Session({}, {}, connect_timeout=1, timeout=1)

    return SessionPool(make, size=size, max_waiting=max_waiting, timeout=timeout)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


async def lent(sessions: SessionPool) -> Session:
    async with sessions.session() as session:
        return session


async def start(sessions: SessionPool) -> "asyncio.Task[Session]":
    """Starts a caller, which waits if all sessions are in use."""
    task = asyncio.create_task(lent(sessions))
    await asyncio.sleep(0)
    return task


def test_a_session_is_used_again_and_others_are_made_only_when_it_is_in_use() -> None:
    async def test() -> None:
        sessions = pool()
        first = await lent(sessions)
        assert await lent(sessions) is first
        async with sessions.session() as one, sessions.session() as two:
            assert one is first and two is not first
        assert {await lent(sessions) for _ in range(5)} <= {one, two}

    run(test())


def test_no_session_is_lent_to_two_callers_at_a_time() -> None:
    async def test() -> None:
        sessions = pool(size=3)
        in_use: set[Session] = set()
        most = 0

        async def use(turns: int) -> None:
            nonlocal most
            async with sessions.session() as session:
                assert session not in in_use
                in_use.add(session)
                most = max(most, len(in_use))
                for _ in range(turns):
                    await asyncio.sleep(0)
                in_use.remove(session)

        await asyncio.gather(*(use(number % 4) for number in range(50)))
        assert most == 3

    run(test())


def test_callers_wait_in_order_and_one_too_many_is_refused_at_once() -> None:
    async def test() -> None:
        sessions = pool(size=1, max_waiting=2)
        done: list[int] = []

        async def use(number: int) -> None:
            async with sessions.session():
                done.append(number)

        async with sessions.session():
            tasks = [asyncio.create_task(use(number)) for number in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(Overloaded):
                await use(3)
        await asyncio.gather(*tasks)
        assert done == [0, 1]

    run(test())


def test_a_caller_that_waits_for_too_long_fails_and_the_session_is_not_lost() -> None:
    async def test() -> None:
        sessions = pool(size=1, max_waiting=1, timeout=0.01)
        async with sessions.session() as session:
            for _ in range(2):  # a caller that has failed takes no place in the queue
                with pytest.raises(DatabaseUnavailable, match="in time"):
                    await lent(sessions)
        assert await lent(sessions) is session

    run(test())


@pytest.mark.parametrize("has_got_it", [False, True])
def test_a_caller_that_is_cancelled_loses_no_session(has_got_it: bool) -> None:
    async def test() -> None:
        sessions = pool(size=1, max_waiting=1)
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(sessions.session())
            waiting = await start(sessions)
            if has_got_it:  # but has not run since
                await stack.aclose()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert await lent(sessions) is session

    run(test())


def test_the_end_of_a_pool_ends_the_wait_for_its_sessions() -> None:
    async def test() -> None:
        sessions = pool(size=1)
        async with sessions.session() as session:
            waiting = await start(sessions)
            sessions.close()
            with pytest.raises(ShuttingDown):
                await waiting
            async with sessions.session() as other:  # although one of a single one is in use
                assert other is not session
        assert await lent(sessions) is other

    run(test())


def test_the_end_of_a_pool_ends_a_caller_that_has_just_got_a_session() -> None:
    async def test() -> None:
        sessions = pool(size=1)
        async with sessions.session():
            waiting = await start(sessions)
        sessions.close()  # the caller has not run since
        with pytest.raises(ShuttingDown):
            await waiting

    run(test())
