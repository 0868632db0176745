"""Checks the readiness of a database in code that does not run on an event loop, such as tests."""

import asyncio

from pydantic import SecretStr

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.migrations.readiness import Readiness


def require_ready(ledger: Ledger[OperationT], url: SecretStr, *, or_newer: bool = False) -> None:
    """Raises a LedgerError if the database is not ready."""

    async def require() -> None:
        readiness = Readiness(ledger, url, timeout=30, or_newer=or_newer)
        try:
            await readiness.require()
        finally:
            readiness.close()

    asyncio.run(require())
