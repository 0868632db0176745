"""Checks that a database is migrated and can take a ledger's posts."""

import asyncio
import logging
from collections.abc import Callable
from typing import Generic

from pydantic import SecretStr

from core.ledgers.errors import DatabaseNotMigrated
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.migrations.commands import without_migration, write_revision
from core.migrations.revisions import quoted_version_table, require_revision
from core.storage.database_check import DatabaseCheck
from core.storage.session import ignore_error

log = logging.getLogger(__name__)


class Readiness(Generic[OperationT]):
    """Whether the next post to a ledger can succeed. For one event loop.

    A check takes at most `timeout` seconds. With `or_newer`, a database that a newer release has
    migrated is accepted, too. Without, a check also logs a warning if a migration was forgotten
    that removes operations.
    """

    def __init__(
        self,
        ledger: Ledger[OperationT],
        url: SecretStr,
        *,
        timeout: float,
        or_newer: bool = False,
        on_error: Callable[[str], object] = ignore_error,
    ) -> None:
        """`on_error` is that of a Session.

        Raises ConfigurationError if `url` is not a PostgreSQL URL.
        """
        self._app = ledger.name
        self._has_limits = bool(ledger.limits)
        self._or_newer = or_newer
        self._database = DatabaseCheck(
            ledger,
            url,
            version_table=quoted_version_table(ledger.name),
            timeout=timeout,
            on_error=on_error,
        )
        self._check: asyncio.Task[None] | None = None

    async def require(self) -> None:
        """Returns if the database is ready. Concurrent calls share one check.

        Raises DatabaseUnavailable if the database does not answer or accepts no writes,
        DatabaseNotMigrated if it is at other revisions or lacks a table or an operation,
        DatabaseAccessDenied if the role lacks a privilege, and ConfigurationError if PostgreSQL is
        too old, the database's encoding is not UTF8, or the time zone of a limit is unknown.
        """
        if self._check is None or self._check.done():
            self._check = asyncio.create_task(self._run())
        await asyncio.shield(self._check)

    async def _run(self) -> None:
        current = await self._database.revisions()
        require_revision(self._app, current, or_newer=self._or_newer)
        if self._has_limits:
            await self._database.require_limits()
        if unknown := await self._database.unknown_operations():
            raise DatabaseNotMigrated(without_migration(self._app, unknown))
        # A newer release may have added operations, but it would have left the head.
        if not self._or_newer and len(current) == 1:
            await self._warn_about_removed_operations()

    async def _warn_about_removed_operations(self) -> None:
        # Only a warning: posts work without these operations.
        if removed := await self._database.removed_operations():
            log.warning(
                "No migration removes the operations %s, which this release lacks: write one in a "
                "clone with %s, and migrate, or put them back into the code",
                ", ".join(removed),
                write_revision(self._app, "what it changes"),
            )

    def close(self) -> None:
        self._database.close()


def require_ready(
    ledger: Ledger[OperationT], url: SecretStr, *, timeout: float = 30, or_newer: bool = False
) -> None:
    """Like `Readiness.require`, for code that does not run on an event loop."""

    async def require() -> None:
        readiness = Readiness(ledger, url, timeout=timeout, or_newer=or_newer)
        try:
            await readiness.require()
        finally:
            readiness.close()

    asyncio.run(require())
