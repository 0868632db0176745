"""Reads an owner's entries, balances of the past, and uses of limits.

docs/locking.md explains what a balance of the past waits for.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Generic

from pydantic import SecretStr

from core.ledgers.errors import FutureTime
from core.ledgers.history import EntryWithBalance, Page, PastBalance, Place, Selection
from core.ledgers.ledger import Ledger
from core.ledgers.limits import Usage
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import StoredEntry
from core.storage.arrays import array
from core.storage.connections import libpq_parameters, session_settings
from core.storage.entries import stored_entry
from core.storage.failures import failures_converted
from core.storage.history_statements import HistoryStatements
from core.storage.limit_usage import CLOCK, LimitUsage
from core.storage.session import Session, ignore_error
from core.storage.session_pool import SessionPool

# Only one index has the order that the statements ask for: see positions.between. These settings
# make PostgreSQL use it, because its estimates ignore how soon a page is full.
_PLANS = {
    "enable_bitmapscan": "off",
    "enable_sort": "off",
    "enable_incremental_sort": "off",
    "jit": "off",  # which takes longer than these statements
}


class History(Generic[OperationT]):
    """The history of the owners of one ledger in one database. Timeouts are in seconds.

    It has up to `connections` of its own, so that posts and balances do not wait for it. It serves
    one event loop at a time.
    """

    def __init__(
        self,
        ledger: Ledger[OperationT],
        url: SecretStr,
        *,
        connections: int = 4,
        max_waiting: int = 10_000,
        connect_timeout: float = 5,
        statement_timeout: float = 10,
        lock_timeout: float = 1,
        call_timeout: float | None = None,
        clock: str = CLOCK,
        on_error: Callable[[str], object] = ignore_error,
    ) -> None:
        """A call takes at most `call_timeout`; by default, the connect and statement timeouts.

        `max_waiting` is how many calls may wait for one of the connections. `on_error` is that of a
        Session. Tests replace the `clock`.

        Raises ConfigurationError if `url` is not a PostgreSQL URL.
        """
        self._ledger = ledger
        self._statements = statements = (
            HistoryStatements(ledger) if clock == CLOCK else HistoryStatements(ledger, now=clock)
        )
        self._usage = usage = LimitUsage(ledger, clock=clock)
        parameters = libpq_parameters(url, statement_timeout=statement_timeout)
        limits = {"statement_timeout": statement_timeout, "lock_timeout": lock_timeout}
        settings = {**session_settings(**limits), **_PLANS}
        timeout = call_timeout or connect_timeout + statement_timeout

        def make_session() -> Session:
            return Session(
                parameters,
                settings,
                statements=(*statements.prepared, *usage.to_prepare),
                connect_timeout=connect_timeout,
                timeout=timeout,
                on_error=on_error,
            )

        self._pool = SessionPool(
            make_session, size=connections, max_waiting=max_waiting, timeout=timeout
        )

    async def page(
        self,
        owner_id: str,
        selection: Selection[OperationT],
        *,
        limit: int,
        start: Place | None = None,
    ) -> Page[OperationT]:
        """Returns the owner's first `limit` entries of the selection, or those from `start` on.

        `start` is the `next` of another page of the same owner and selection. It makes a page cost
        the same wherever it is.
        """
        parameters = {
            "owner": owner_id,
            "position": start and start.position,
            "balance": start and start.balance,
            "since": selection.since,
            "until": selection.until,
            "operations": (
                array(operation.value for operation in selection.operations)
                if selection.operations
                else None
            ),
            "limit": limit + 1,  # to know whether there is another page
        }
        statement = self._statements.pages[selection.order]
        async with self._session() as session:
            rows = await session.execute(statement, parameters, repeatable=True)
        entries: list[EntryWithBalance[OperationT]] = []
        place = start
        for *columns, running, balance in rows[:limit]:
            entry = self._entry(owner_id, columns)
            if selection.order == "asc":
                entries.append(EntryWithBalance(entry, balance + running))
                place = Place(entry.id, balance + running)
            else:
                entries.append(EntryWithBalance(entry, balance - running + entry.amount))
                place = Place(entry.id - 1, balance - running)
        return Page(tuple(entries), place if len(rows) > limit else None)

    async def entry(self, owner_id: str, nonce: str) -> EntryWithBalance[OperationT] | None:
        """Returns the owner's entry with this nonce, if there is one."""
        parameters = {"owner": owner_id, "nonce": nonce}
        async with self._session() as session:
            rows = await session.execute(self._statements.entry, parameters, repeatable=True)
        for *columns, balance in rows:
            return EntryWithBalance(self._entry(owner_id, columns), balance)
        return None

    async def balance_as_of(self, owner_id: str, time: datetime) -> PastBalance:
        """Returns the owner's balance after its last entry that is not later than `time`.

        The answer never changes. An entry has its time before it is committed, so this waits for
        the owner's posts in progress.

        Raises FutureTime if `time` is not in the past, and OwnerIsBusy if a post is in progress for
        longer than `lock_timeout`.
        """
        statements = self._statements
        parameters = {"owner": owner_id, "time": time}
        async with self._session() as session:
            rows = await session.execute(statements.balance_as_of, parameters, repeatable=True)
            if rows and not rows[0][-1]:  # no row to lock: its insertion may be in progress
                rows = await session.execute(
                    statements.balance_as_of_of_new_owner, parameters, repeatable=True
                )
        for entry_id, balance, _ in rows:
            return PastBalance(balance, entry_id)
        raise FutureTime("must be in the past, by the clock of the database")

    async def usages(self, owner_id: str) -> Mapping[OperationT, Usage]:
        """Returns how often the owner has had each limited operation posted in its period."""
        asked = [(owner_id, operation) for operation in self._ledger.limits]
        if not asked:
            return {}
        parameters = self._usage.parameters(asked)
        async with self._session() as session:
            rows = await session.execute(self._usage.statement, parameters, repeatable=True)
        usages = self._usage.current(rows).usages
        return {operation: usages[owner_id, operation] for _, operation in asked}

    def close(self) -> None:
        """Closes the connections, so that calls in progress fail. Later calls open new ones."""
        self._pool.close()

    @asynccontextmanager
    async def _session(self) -> AsyncGenerator[Session, None]:
        with failures_converted():
            async with self._pool.session() as session:
                try:
                    yield session
                finally:
                    await session.roll_back()

    def _entry(self, owner_id: str, columns: Sequence[Any]) -> StoredEntry[OperationT]:
        id_, operation, amount, nonce, created_on = columns
        return stored_entry(self._ledger, id_, operation, amount, nonce, owner_id, created_on)
