"""A connection to PostgreSQL on the event loop: psycopg2 in its asynchronous mode, without threads.

https://www.psycopg.org/docs/advanced.html#asynchronous-support
"""

import asyncio
import logging
import select
from collections.abc import Mapping
from contextvars import Context
from typing import Any

import psycopg2
from psycopg2.extensions import (
    POLL_OK,
    POLL_READ,
    POLL_WRITE,
    TRANSACTION_STATUS_IDLE,
)
from psycopg2.extensions import connection as PsycopgConnection

from core.storage.addresses import addresses, hosts
from core.storage.connecting import begin_connecting, open_first, resolve_in_time

log = logging.getLogger(__name__)

Row = tuple[Any, ...]


class EventLoopConnection:
    """Executes one statement at a time, for the event loop that opened it.

    Every wait has a timeout, in seconds. When it passes, the connection is closed: that is the
    only way to end a wait for a server that has stopped answering. Every error that leaves the
    connection unusable closes it.
    """

    def __init__(self, connection: PsycopgConnection, loop: asyncio.AbstractEventLoop) -> None:
        self._connection = connection
        self._loop = loop
        self._is_open = False
        self._cause: Exception | None = None  # of the end of an idle connection
        self._waiting: asyncio.Future[None] | None = None
        self._watched = -1  # the file descriptor with a reader on the loop
        self._writing = False

    @classmethod
    async def open(cls, parameters: Mapping[str, Any], *, timeout: float) -> "EventLoopConnection":
        """Connects with libpq's `parameters`, to the first of the hosts that accepts.

        Hosts, and the addresses of a host, share the time that those before them have left.

        When none accepts in time, raises the psycopg2.Error of the last host that could be
        resolved, or of the first one if none could.
        """

        async def open_host(host: Mapping[str, str], timeout: float) -> "EventLoopConnection":
            deadline = asyncio.get_running_loop().time() + timeout
            found = await resolve_in_time(addresses(host, parameters), timeout)
            return await open_first(found, open_address, deadline)

        async def open_address(address: Mapping[str, str], timeout: float) -> "EventLoopConnection":
            deadline = asyncio.get_running_loop().time() + timeout
            connection = await begin_connecting(
                {**parameters, **address}, timeout, in_thread=not address
            )
            return await cls._connected(connection, deadline)

        deadline = asyncio.get_running_loop().time() + timeout
        return await open_first(hosts(parameters), open_host, deadline)

    @classmethod
    async def _connected(
        cls, connection: PsycopgConnection, deadline: float
    ) -> "EventLoopConnection":
        loop = asyncio.get_running_loop()
        opened = cls(connection, loop)
        try:
            # In asynchronous mode, libpq has no timeout of its own.
            await opened._finish(max(0, deadline - loop.time()), "connecting")
        except psycopg2.Error:
            opened.close()
            raise
        opened._is_open = True
        return opened

    @property
    def is_closed(self) -> bool:
        return bool(self._connection.closed)

    def has_ended(self) -> bool:
        """Whether it is closed. Notices before the event loop does that the server closed it."""
        while not self.is_closed and self._waiting is None and self._has_input():
            self._on_ready()
        return self.is_closed

    @property
    def process_id(self) -> int:
        """The id of the server process, as PostgreSQL, or a pooler in front of it, says it."""
        return int(self._connection.info.backend_pid)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction has begun and not ended."""
        return self._connection.info.transaction_status != TRANSACTION_STATUS_IDLE

    def belongs_to(self, loop: asyncio.AbstractEventLoop) -> bool:
        return self._loop is loop

    async def execute(
        self, statement: str, parameters: Mapping[str, Any] | None = None, *, timeout: float
    ) -> list[Row]:
        """Executes one or more statements, and returns the rows of the last one.

        Raises psycopg2.Error. It is an OperationalError when there was no answer in time; whether
        the statement was executed is unknown then.
        """
        assert self._waiting is None, "one statement at a time"
        try:
            cursor = self._connection.cursor()
            cursor.execute(statement, parameters)
        except psycopg2.Error as error:
            if not self._connection.closed:
                raise
            self.close()
            cause = self._cause or error
            raise psycopg2.OperationalError(f"the connection is closed: {cause}") from cause
        await self._finish(timeout, "the statement")
        return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """Closes the connection. A statement in progress ends with an OperationalError."""
        self._unwatch()
        if not self._connection.closed:
            self._connection.close()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(psycopg2.OperationalError("the connection was closed"))

    async def _finish(self, timeout: float, what: str) -> None:
        """Waits until the operation in progress is complete."""
        try:
            if self._advance():  # often at once: no event would follow
                return
            self._waiting = self._loop.create_future()
            timer = self._loop.call_later(timeout, self._expire, f"no answer in time: {what}")
            try:
                await self._waiting
            finally:
                timer.cancel()
                self._waiting = None
        except asyncio.CancelledError:
            self.close()  # the answer would be taken for that of the next statement
            raise
        except psycopg2.Error:
            if self._connection.closed:
                self.close()
            raise

    def _advance(self) -> bool:
        """Continues the operation; whether it is complete. Raises psycopg2.Error if it failed."""
        if not self._is_open:  # polling may close this host's socket, and go on with another's
            self._unwatch()
        try:
            state = self._connection.poll()
        except psycopg2.Error:
            # At once: libpq has closed the socket, whose number may soon be another's.
            if self._connection.closed:
                self._unwatch()
            raise
        descriptor = self._connection.fileno()
        if self._watched < 0:
            # It outlives the request that opens it: its events have a context of their own.
            Context().run(self._loop.add_reader, descriptor, self._on_ready)
            self._watched = descriptor
        if (state == POLL_WRITE) != self._writing:
            self._writing = state == POLL_WRITE
            if self._writing:
                self._loop.add_writer(descriptor, self._on_ready)
            else:
                self._loop.remove_writer(descriptor)
        assert state in (POLL_OK, POLL_READ, POLL_WRITE)
        return bool(state == POLL_OK)

    def _on_ready(self) -> None:
        waiting = self._waiting
        try:
            if self._advance() and waiting is not None and not waiting.done():
                waiting.set_result(None)
        except psycopg2.Error as error:
            if waiting is None:  # the server has ended an idle connection
                log.info("the server has ended an idle connection: %s", error)
                self._cause = error
                self.close()
            elif not waiting.done():
                waiting.set_exception(error)

    def _expire(self, message: str) -> None:
        waiting = self._waiting
        if waiting is not None and not waiting.done():
            waiting.set_exception(psycopg2.OperationalError(message))
            self.close()

    def _has_input(self) -> bool:
        poller = select.poll()
        poller.register(self._connection.fileno(), select.POLLIN)
        return bool(poller.poll(0))

    def _unwatch(self) -> None:
        descriptor, self._watched, self._writing = self._watched, -1, False
        if descriptor >= 0 and not self._loop.is_closed():
            self._loop.remove_reader(descriptor)
            self._loop.remove_writer(descriptor)
