"""A few sessions for reads that take a while, so that they do not hold each other up."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from core.ledgers.errors import DatabaseUnavailable, Overloaded, ShuttingDown
from core.storage.session import Session


class SessionPool:
    """Lends sessions, each to one caller at a time, on one event loop at a time.

    It makes a session when all others are in use, `size` of them at most. The callers that wait
    for one are `max_waiting` at most. A caller has `timeout` seconds for its wait and its
    statements together.
    """

    def __init__(
        self, make: Callable[[], Session], *, size: int, max_waiting: int, timeout: float
    ) -> None:
        self._make = make
        self._size = size
        self._max_waiting = max_waiting
        self._timeout = timeout
        self._sessions: set[Session] = set()
        self._idle: list[Session] = []
        self._waiting: deque[asyncio.Future[Session]] = deque()

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[Session, None]:
        """Lends a session until the end of the block.

        Raises Overloaded at once if too many callers are waiting, DatabaseUnavailable after the
        timeout, and ShuttingDown when the pool is closed meanwhile.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout
        session = await self._take(deadline)
        if session not in self._sessions:  # the pool was closed before this caller went on
            raise _shutting_down()
        session.restart_timeout(max(0, deadline - loop.time()))
        try:
            yield session
        finally:
            self._give_back(session)

    def close(self) -> None:
        """Closes all sessions. Callers that use one fail; later callers get new sessions."""
        for session in self._sessions:
            session.close()
        self._sessions.clear()
        self._idle.clear()
        while self._waiting:
            _fail(self._waiting.popleft(), _shutting_down())

    async def _take(self, deadline: float) -> Session:
        if self._idle:
            return self._idle.pop()  # the last one used, so that few are in use if few suffice
        if len(self._sessions) < self._size:
            session = self._make()
            self._sessions.add(session)
            return session
        if len(self._waiting) >= self._max_waiting:
            raise Overloaded("Too many requests are waiting for the database; try again later")
        return await self._wait(deadline)

    async def _wait(self, deadline: float) -> Session:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Session] = loop.create_future()
        late = DatabaseUnavailable("The database did not answer in time; try again")
        timer = loop.call_at(deadline, _fail, waiting, late)
        self._waiting.append(waiting)
        try:
            return await waiting
        except BaseException:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            elif not waiting.cancelled() and waiting.exception() is None:
                self._give_back(waiting.result())  # the caller was cancelled after it got this
            raise
        finally:
            timer.cancel()

    def _give_back(self, session: Session) -> None:
        if session not in self._sessions:  # the pool was closed meanwhile
            session.close()
            return
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(session)
                return
        self._idle.append(session)


def _shutting_down() -> ShuttingDown:
    return ShuttingDown("The service is shutting down; try again")


def _fail(waiting: "asyncio.Future[Session]", error: DatabaseUnavailable) -> None:
    if not waiting.done():
        waiting.set_exception(error)
