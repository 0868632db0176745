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
from core.migrations.revisions import head, listed, quoted_version_table, require_revision
from core.storage.database_check import DatabaseCheck
from core.storage.session import ignore_error

log = logging.getLogger(__name__)


class Readiness(Generic[OperationT]):
    """Whether the next post to a ledger can succeed. For one event loop.

    A check takes at most `timeout` seconds. A database that a newer release has migrated is ready:
    a deployment migrates it before it replaces the services, and a rollback leaves it as it is.
    """

    def __init__(
        self,
        ledger: Ledger[OperationT],
        url: SecretStr,
        *,
        timeout: float,
        explains: bool = False,
        on_error: Callable[[str], object] = ignore_error,
    ) -> None:
        """If it `explains`, its errors have PostgreSQL's messages, which name the host and the
        role: they are for the operator only. `on_error` is that of a Session.

        Raises ConfigurationError if `url` is not a PostgreSQL URL.
        """
        self._app = ledger.name
        self._has_limits = bool(ledger.limits)
        self._database = DatabaseCheck(
            ledger,
            url,
            version_table=quoted_version_table(ledger.name),
            timeout=timeout,
            explains=explains,
            on_error=on_error,
        )
        self._check: asyncio.Task[frozenset[str]] | None = None

    async def require(self) -> frozenset[str]:
        """Returns the database's revisions if it is ready. Concurrent calls share one check.

        Raises DatabaseUnavailable if the database does not answer or accepts no writes,
        DatabaseNotMigrated if it is at older revisions or lacks a table or an operation,
        DatabaseAccessDenied if the role lacks a privilege, and ConfigurationError if PostgreSQL is
        too old, the database's encoding is not UTF8, or the time zone of a limit is unknown.
        """
        if self._check is None or self._check.done():
            self._check = asyncio.create_task(self._run())
        return await asyncio.shield(self._check)

    async def _run(self) -> frozenset[str]:
        current = await self._database.revisions()
        require_revision(self._app, current)
        if self._has_limits:
            await self._database.require_limits()
        if unknown := await self._database.unknown_operations():
            raise DatabaseNotMigrated(without_migration(self._app, unknown))
        return current

    async def warn(self, current: frozenset[str]) -> None:
        """Logs what an operator should know although posts work. `current` is from `require`."""
        if {*current} != {head(self._app)}:
            log.warning("A newer release has migrated the database to %s", listed(current))
        elif removed := await self._database.removed_operations():
            log.warning(
                "No migration removes the operations %s, which this release lacks: write one in a "
                "clone with %s, and migrate, or put them back into the code",
                ", ".join(removed),
                write_revision(self._app, "what it changes"),
            )

    def close(self) -> None:
        self._database.close()


def require_ready(
    ledger: Ledger[OperationT], url: SecretStr, *, timeout: float = 30, warn: bool = False
) -> None:
    """Like `Readiness.require` and, if asked, `warn`, for code that runs on no event loop."""

    async def require() -> None:
        readiness = Readiness(ledger, url, timeout=timeout, explains=True)
        try:
            current = await readiness.require()
            if warn:
                await readiness.warn(current)
        finally:
            readiness.close()

    asyncio.run(require())
