"""A connection that is opened on first use, and again after it has failed."""

import asyncio
from collections.abc import Mapping
from typing import Any

import psycopg2

from core.storage.event_loop_connection import EventLoopConnection, Row
from core.storage.sqlstates import is_unusable_statement

_COMMIT_TO_DISK = """
SELECT set_config(name, CASE setting WHEN 'off' THEN 'on' ELSE setting END, false)
FROM pg_settings WHERE name = 'synchronous_commit'
"""


class Session:
    """Executes statements on one connection, which executes `preparation` when it is opened.

    Opening the connection may take `connect_timeout` seconds. All statements between two calls of
    `restart_timeout` together may take `timeout` seconds.
    """

    def __init__(
        self,
        parameters: Mapping[str, Any],
        *,
        preparation: str,
        connect_timeout: float,
        timeout: float,
    ) -> None:
        self._parameters = parameters
        # Overrides a database default with which a crash could lose acknowledged posts.
        self._preparation = f"{_COMMIT_TO_DISK};{preparation}"
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._deadline = 0.0
        self._connection: EventLoopConnection | None = None

    def restart_timeout(self) -> None:
        self._deadline = asyncio.get_running_loop().time() + self._timeout

    async def execute(
        self, statement: str, parameters: Mapping[str, Any], *, in_transaction: bool = False
    ) -> list[Row]:
        """Executes one or more statements, and returns the rows of the last one.

        A statement `in_transaction` continues the transaction of this connection: it never opens
        another one.

        Raises psycopg2.OperationalError if the database cannot be reached or does not answer in
        time, and other psycopg2.Errors if it rejects a statement.
        """
        connection = self._connection
        loop = asyncio.get_running_loop()
        if connection is None or connection.is_closed or not connection.belongs_to(loop):
            if in_transaction:
                raise psycopg2.OperationalError("the connection was closed during a transaction")
            connection = await self._open()
        try:
            return await connection.execute(
                statement, parameters, timeout=max(0, self._deadline - loop.time())
            )
        except psycopg2.Error as error:
            if is_unusable_statement(error):
                self.close()  # the next connection prepares it again
            raise

    async def roll_back(self) -> None:
        """Rolls back the current transaction, if there is one."""
        if self._connection and not self._connection.is_closed and self._connection.in_transaction:
            await self.execute("ROLLBACK", {}, in_transaction=True)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _open(self) -> EventLoopConnection:
        self.close()
        opened = await EventLoopConnection.open(self._parameters, timeout=self._connect_timeout)
        try:
            await opened.execute(self._preparation, timeout=self._timeout)
        except BaseException:
            opened.close()
            raise
        self._connection = opened
        self.restart_timeout()
        return opened
