"""A connection that is opened on first use, and again after it has failed."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg2

from core.storage.connections import setting_statements
from core.storage.event_loop_connection import EventLoopConnection, Row
from core.storage.sqlstates import is_stale_session, is_unusable_statement, sqlstate_of

log = logging.getLogger(__name__)

_SETTINGS = {
    # A prepared statement is planned once. If the tables are still empty then, the plan must use
    # the indexes nevertheless.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
}
# Nothing that a search path has in front of PostgreSQL's own functions may replace them.
_SEARCH_PATH = """
SELECT pg_catalog.set_config(
  'search_path',
  pg_catalog.concat_ws(
    ',', 'pg_catalog', nullif(pg_catalog.current_setting('search_path'), '')
  ),
  {local}
);
"""

_CLOSED = "the session was closed"


@dataclass(frozen=True)
class Statement:
    """One or more statements, whose parameters are written `%(name)s`.

    `prepare` prepares a statement that `prepared` executes with the same result as `text`. `before`
    is executed first, in the same round trip: a transaction of its own, from BEGIN to its end.
    """

    text: str
    prepare: str = ""
    prepared: str = ""
    before: str = ""


def ignore_error(sqlstate: str) -> None:
    """Does nothing."""


class Session:
    """Executes statements on one connection, which prepares `statements` when it is opened.

    `on_error` is called with the SQLSTATE of every error, which is empty if PostgreSQL sent none.

    All statements between two calls of `restart_timeout` together may take `timeout` seconds,
    of which opening a connection may take `connect_timeout` seconds. If the session is closed in
    between, the rest of them fail, so that nothing is opened again.

    A pooler may give each transaction to another session of PostgreSQL. Behind one, nothing is
    prepared, and each transaction applies the settings to itself.
    """

    def __init__(
        self,
        parameters: Mapping[str, Any],
        settings: Mapping[str, str],
        *,
        statements: Iterable[Statement] = (),
        connect_timeout: float,
        timeout: float,
        on_error: Callable[[str], object] = ignore_error,
    ) -> None:
        self._parameters = parameters
        settings = {**settings, **_SETTINGS}
        self._preparation = setting_statements(settings) + _SEARCH_PATH.format(local="false")
        self._preparation += ";".join(each.prepare for each in statements)
        self._begin_pooled = setting_statements(settings, local=True)
        self._begin_pooled += _SEARCH_PATH.format(local="true")
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._on_error = on_error
        self._deadline = 0.0
        self._connection: EventLoopConnection | None = None
        self._opening: asyncio.Task[EventLoopConnection] | None = None
        self._is_closed = False
        self._pooled = False

    def restart_timeout(self, seconds: float | None = None) -> None:
        """Allows the next statements `seconds`; by default, the timeout of the session.

        A closed session can open a connection again afterwards.
        """
        self._is_closed = False
        timeout = self._timeout if seconds is None else seconds
        self._deadline = asyncio.get_running_loop().time() + timeout

    async def execute(
        self,
        statement: Statement,
        parameters: Mapping[str, Any],
        *,
        in_transaction: bool = False,
        repeatable: bool = False,
    ) -> list[Row]:
        """Executes the statement, and returns the rows of the last one.

        A statement `in_transaction` continues the transaction of this connection: it never opens
        another one. A `repeatable` statement changes nothing: if the connection is lost, it is
        executed once more, on a new one.

        Raises psycopg2.OperationalError if the database cannot be reached or does not answer in
        time, or the session is closed, and other psycopg2.Errors if it rejects a statement.
        """
        if self._is_closed:
            raise psycopg2.OperationalError(_CLOSED)
        connection = self._connection
        loop = asyncio.get_running_loop()
        is_new = connection is None or not connection.belongs_to(loop) or connection.has_ended()
        if connection is None or is_new:
            if in_transaction:
                raise psycopg2.OperationalError("the connection was closed during a transaction")
            connection = await self._open()
        text = self._text_of(statement, in_transaction)
        try:
            return await connection.execute(text, parameters, timeout=self._remaining())
        except psycopg2.Error as error:
            self._on_error(sqlstate_of(error))
            unusable = is_unusable_statement(error)
            if unusable or is_stale_session(error):
                connection.close()
            # An unusable statement was not executed, so it is safe to execute it now.
            may_repeat = unusable or repeatable and connection.is_closed
            session_is_open = connection is self._connection
            if is_new or in_transaction or not (may_repeat and session_is_open):
                raise
            log.warning("trying again on a new connection: %s", error)
        return await self.execute(statement, parameters)

    async def roll_back(self) -> None:
        """Rolls back the current transaction, if there is one, or closes the connection."""
        connection = self._connection
        if connection and not connection.has_ended() and connection.in_transaction:
            try:
                await connection.execute("ROLLBACK", timeout=self._remaining())
            except psycopg2.Error:
                connection.close()

    def close(self) -> None:
        """Closes the connection, even one that is still opening, and ends the statement on it."""
        self._is_closed = True
        self._drop_connection()
        opening, self._opening = self._opening, None
        if opening is not None and not opening.get_loop().is_closed():
            opening.cancel()

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _text_of(self, statement: Statement, in_transaction: bool) -> str:
        if not self._pooled:
            return statement.before + (statement.prepared or statement.text)
        if in_transaction:
            return statement.text
        before = self._begin_pooled + statement.before if statement.before else ""
        return before + self._begin_pooled + statement.text

    def _remaining(self) -> float:
        return max(0, self._deadline - asyncio.get_running_loop().time())

    async def _open(self) -> EventLoopConnection:
        self._drop_connection()
        # A task of its own, so that closing the session can end it, whatever it waits for.
        opening = self._opening = asyncio.create_task(self._connect())
        try:
            await asyncio.wait([opening])
        finally:
            opening.cancel()  # unless it has ended: the caller was cancelled
            if self._opening is opening:
                self._opening = None
        if opening.cancelled():
            raise psycopg2.OperationalError(_CLOSED)
        return opening.result()

    async def _connect(self) -> EventLoopConnection:
        timeout = min(self._connect_timeout, self._remaining())
        opened: EventLoopConnection | None = None
        try:
            opened = await EventLoopConnection.open(self._parameters, timeout=timeout)
            rows = await opened.execute(
                "SELECT pg_catalog.pg_backend_pid()", timeout=self._remaining()
            )
            # A pooler reports a process ID of its own, not that of the PostgreSQL session.
            self._pooled = rows[0][0] != opened.process_id
            if not self._pooled:
                await opened.execute(self._preparation, timeout=self._remaining())
        except BaseException as error:
            if opened is not None:
                opened.close()
            if isinstance(error, psycopg2.Error):
                self._on_error(sqlstate_of(error))
            raise
        self._connection = opened
        return opened
