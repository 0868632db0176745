"""Posts batches to a ledger in its database, and reads balances.

docs/locking.md explains what is locked when, and why.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypedDict

import psycopg2
from pydantic import SecretStr

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import BatchOutcome
from core.ledgers.requests import Batch
from core.storage.arrays import array
from core.storage.connections import libpq_parameters, session_settings
from core.storage.failures import failures_converted
from core.storage.limit_usage import CLOCK, LimitUsage
from core.storage.lock_decide_write import LockDecideWrite
from core.storage.one_statement import OneStatement
from core.storage.session import Session, ignore_error
from core.storage.sqlstates import is_lock_timeout, may_be_decided
from core.storage.statements import Statements


class Timeouts(TypedDict, total=False):
    """The timeouts of a LedgerStore or a History, in seconds."""

    connect_timeout: float
    statement_timeout: float
    lock_timeout: float
    call_timeout: float


class LedgerStore(Generic[OperationT]):
    """The entries and balances of one ledger in one database. Timeouts are in seconds.

    There is one connection for posting and one for reading, opened on first use. Each serves one
    call at a time, on one event loop at a time.

    If the database does not answer in time, the result is DatabaseUnavailable. Nothing has been
    acknowledged then, so it is safe to post the same batches again.
    """

    def __init__(
        self,
        ledger: Ledger[OperationT],
        url: SecretStr,
        *,
        connect_timeout: float = 5,
        statement_timeout: float = 10,
        lock_timeout: float = 1,
        call_timeout: float | None = None,
        clock: str = CLOCK,
        on_error: Callable[[str], object] = ignore_error,
    ) -> None:
        """A call takes at most `call_timeout`; by default, the connect and statement timeouts.

        `on_error` is that of a Session. Tests replace the `clock`.

        Raises ConfigurationError if `url` is not a PostgreSQL URL.
        """
        self.ledger = ledger
        self._statements = statements = Statements(ledger)
        parameters = libpq_parameters(url, statement_timeout=statement_timeout)
        settings = session_settings(statement_timeout=statement_timeout, lock_timeout=lock_timeout)
        usage = LimitUsage(ledger, clock=clock)
        self._posting, self._reading = (
            Session(
                parameters,
                settings,
                statements=prepared,
                connect_timeout=connect_timeout,
                timeout=call_timeout or connect_timeout + statement_timeout,
                on_error=on_error,
            )
            for prepared in (
                (statements.post_owners, statements.post_alone, *usage.to_prepare),
                (statements.balances,),
            )
        )
        self._one_statement = OneStatement(ledger, statements, self._posting)
        self._lock_decide_write = LockDecideWrite(ledger, statements, usage, self._posting)

    async def balances(self, owner_ids: Sequence[str]) -> list[int]:
        """Returns the balance of each of these valid owner ids, in order, all at the same time."""
        self._reading.restart_timeout()
        with failures_converted():
            rows = await self._reading.execute(
                self._statements.balances, {"owners": array(set(owner_ids))}, repeatable=True
            )
        balances: dict[str, int] = dict(rows)
        return [balances.get(owner_id, 0) for owner_id in owner_ids]

    async def post_batches(
        self, batches: Sequence[Batch[OperationT]]
    ) -> list[BatchOutcome[OperationT] | Exception]:
        """Posts each batch as a whole or not at all, and returns an outcome for each, in order.

        An owner's posts are posted in the order of the batches. All entries are committed when
        this returns. A batch that could not be posted has an exception: DatabaseUnavailable,
        OperationNotMigrated if an operation is missing from the database's enum type, or a
        psycopg2.Error if PostgreSQL rejects an entry that the rules allow.

        Raises ForeignOperation for an operation of another app, and InvalidQuantity for a quantity
        that its operation does not allow.
        """
        self._posting.restart_timeout()
        for batch in batches:
            for post in batch.posts:
                self.ledger.amount_of(post.operation, post.quantity)
        finished: dict[int, BatchOutcome[OperationT]] = {}
        others: Sequence[Batch[OperationT]] = batches
        outcomes: Sequence[BatchOutcome[OperationT] | Exception] = []
        try:
            with failures_converted():
                finished, have_waited = await self._post_by_one_statement(batches)
                others = [batch for index, batch in enumerate(batches) if index not in finished]
                if others:
                    outcomes = await self._lock_decide_write.post(others, have_waited=have_waited)
        except Exception as error:
            outcomes = [error] * len(others)
        remaining = iter(outcomes)
        return [finished.get(index) or next(remaining) for index in range(len(batches))]

    async def _post_by_one_statement(
        self, batches: Sequence[Batch[OperationT]]
    ) -> tuple[dict[int, BatchOutcome[OperationT]], bool]:
        """Returns the outcomes that are final, and whether it has waited for a locked owner."""
        try:
            return await self._one_statement.post(batches), False
        except psycopg2.Error as error:
            if not may_be_decided(error):
                raise
            return {}, is_lock_timeout(error)

    def close(self) -> None:
        """Closes the connections, so that calls in progress fail. Later calls open new ones."""
        self._posting.close()
        self._reading.close()
