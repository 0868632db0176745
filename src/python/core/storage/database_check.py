"""Checks that a database can take a ledger's posts, on a connection of its own."""

from collections.abc import Callable
from typing import Generic

import psycopg2
import psycopg2.errors
from pydantic import SecretStr

from core.ledgers.errors import ConfigurationError, DatabaseUnreachable
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.storage.addresses import described
from core.storage.arrays import array
from core.storage.connections import libpq_parameters, session_settings
from core.storage.failures import failures_converted
from core.storage.limit_usage import LimitUsage
from core.storage.session import Session, Statement, ignore_error
from core.storage.statements import Statements

_OLDEST_POSTGRESQL = 15

_SERVER = Statement("""
SELECT current_setting('server_version'), current_setting('server_version_num')::int / 10000,
  current_setting('server_encoding'), pg_is_in_recovery()
""")
_NOW_IN = Statement("SELECT now() AT TIME ZONE %(zone)s")
_VERSION_TABLE_EXISTS = Statement("SELECT to_regclass(%(table)s) IS NOT NULL")


class DatabaseCheck(Generic[OperationT]):
    """The steps of a check, which together take at most `timeout` seconds."""

    def __init__(
        self,
        ledger: Ledger[OperationT],
        url: SecretStr,
        *,
        version_table: str,
        timeout: float,
        explains: bool,
        on_error: Callable[[str], object] = ignore_error,
    ) -> None:
        """`version_table` is the quoted name of the table with the ledger's revisions.

        If the check `explains`, its errors have PostgreSQL's messages; if not, the log has them.
        `on_error` is that of a Session.

        Raises ConfigurationError if `url` is not a PostgreSQL URL.
        """
        self._ledger = ledger
        self._statements = Statements(ledger)
        self._usage = LimitUsage(ledger, clock="now()")
        self._version_table = version_table
        parameters = libpq_parameters(url, statement_timeout=timeout)
        self._address = described(parameters) if explains else None
        self._session = Session(
            parameters,
            session_settings(statement_timeout=timeout, lock_timeout=timeout),
            connect_timeout=timeout,
            timeout=timeout,
            on_error=on_error,
        )

    async def revisions(self) -> frozenset[str]:
        """Returns the migration revisions of the database: none, one or, with branches, several.

        Raises DatabaseUnavailable if the database does not answer or accepts no writes, and
        ConfigurationError if it is not of a supported version and encoding.
        """
        self._session.restart_timeout()
        with failures_converted(explain_for=self._address):
            rows = await self._session.execute(_SERVER, {}, repeatable=True)
            self._check_server(*rows[0])
            table = {"table": self._version_table}
            [(exists,)] = await self._session.execute(_VERSION_TABLE_EXISTS, table)
            if not exists:
                return frozenset()
            select = Statement(f"SELECT version_num FROM {self._version_table}")
            return frozenset(revision for revision, in await self._session.execute(select, {}))

    async def unknown_operations(self) -> list[str]:
        """Returns the ledger's operations that the database lacks; a post with one would fail.

        Call `revisions` first. Raises DatabaseUnavailable if a table or a privilege is missing that
        every post needs.
        """
        arrays = ("post_owners", "operations", "amounts", "nonces", "owners", "net", "lowest")
        with failures_converted(explain_for=self._address):
            await self._session.execute(
                self._statements.explain_posting, dict.fromkeys(arrays, "{}")
            )
            unknown = await self._session.execute(
                self._statements.unknown_operations, self._operations()
            )
        return [value for value, in unknown]

    async def removed_operations(self) -> list[str]:
        """Returns the database's operations that the ledger lacks. Call `revisions` first."""
        with failures_converted(explain_for=self._address):
            removed = await self._session.execute(
                self._statements.removed_operations, self._operations()
            )
        return [value for value, in removed]

    async def require_limits(self) -> None:
        """Returns if posts of limited operations can succeed. Call `revisions` first.

        Raises ConfigurationError if PostgreSQL does not know a time zone, and DatabaseUnavailable
        if a table or a privilege is missing.
        """
        limits = self._ledger.limits.values()
        with failures_converted(explain_for=self._address):
            for zone in sorted({limit.timezone for limit in limits}):
                try:
                    await self._session.execute(_NOW_IN, {"zone": zone})
                except psycopg2.errors.InvalidParameterValue as error:
                    raise ConfigurationError(
                        f"PostgreSQL does not know the time zone {zone!r} of a limit: use one that "
                        "SELECT name FROM pg_timezone_names lists"
                    ) from error
            explain_usage = Statement(f"EXPLAIN {self._usage.statement.text}")
            await self._session.execute(explain_usage, self._usage.parameters([]))
            arrays = ("operations", "amounts", "nonces", "post_owners")
            uses = ("periods", "numbers", "allowed")
            await self._session.execute(
                self._statements.explain_limited,
                {"moment": None, **dict.fromkeys((*arrays, *uses), "{}")},
            )

    def close(self) -> None:
        self._session.close()

    def _operations(self) -> dict[str, str]:
        return {"operations": array(each.value for each in self._ledger.operations)}

    def _check_server(self, version: str, major: int, encoding: str, in_recovery: bool) -> None:
        if major < _OLDEST_POSTGRESQL:
            raise ConfigurationError(
                f"PostgreSQL {version} is too old: use {_OLDEST_POSTGRESQL} or newer"
            )
        if encoding != "UTF8":
            raise ConfigurationError(
                f"The database has the encoding {encoding}, which cannot hold every owner and "
                "nonce: use a database with the encoding UTF8"
            )
        if in_recovery:
            self._session.close()  # the next check may reach another server
            raise DatabaseUnreachable(
                "The database is a standby, which accepts no writes: check the database URL, or "
                "promote the server"
            )
