"""Reads and posts to a ledger in its database, with many batches in one transaction.

docs/locking.md describes what is locked when, and why.
"""

import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import compress
from typing import Generic

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from psycopg2.extensions import cursor as Cursor
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from typing_extensions import assert_never

from core.ledgers.errors import DatabaseNotMigrated, DatabaseUnavailable
from core.ledgers.identifiers import validated_owner_id
from core.ledgers.ledger import Ledger
from core.ledgers.models import models_of
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import (
    BatchOutcome,
    BatchPosted,
    BatchRefused,
    Entry,
    Outcome,
    OwnerBusy,
    Posted,
)
from core.ledgers.posting import accepted_posts, decide, outcome_of
from core.ledgers.requests import Batch, Post
from core.storage.sqlstates import (
    is_lock_timeout,
    is_refusal,
    is_unknown_operation,
    was_rolled_back,
)
from core.storage.statements import Statements

log = logging.getLogger(__name__)

_TRIES = 5


class LedgerStore(Generic[OperationT]):
    """The entries and balances of one ledger, in one database.

    Every method raises DatabaseUnavailable if the database does not respond in time. Nothing has
    been acknowledged then, and it is safe to retry with the same nonces. Posting also raises
    DatabaseNotMigrated if an operation is missing from the database's enum type.
    """

    def __init__(self, ledger: Ledger[OperationT], engine: Engine) -> None:
        self.ledger = ledger
        self._engine = engine
        self._statements = Statements(ledger)
        models = models_of(ledger)
        self._entry = models.entry
        self._balance = models.balance

    def balance(self, owner_id: str) -> int:
        """Returns the owner's balance in credits; 0 for an owner without entries.

        Raises InvalidIdentifier if `owner_id` is invalid.
        """
        return self.balances([validated_owner_id(owner_id)])[0]

    def balances(self, owner_ids: Sequence[str]) -> list[int]:
        """Returns the owners' balances in credits, in order, all from one snapshot.

        The `owner_ids` must be valid.
        """
        with _unavailable_on_failure(), self._cursor() as cursor:
            balances = self._statements.balances(cursor, owner_ids)
        return [balances.get(owner_id, 0) for owner_id in owner_ids]

    def post(self, posts: Sequence[Post[OperationT]]) -> list[Outcome[OperationT]]:
        """Posts each of `posts` on its own, in order, in one transaction.

        Returns an outcome for each post. The transaction has been committed by then.

        Raises ForeignOperation, and writes nothing, if an operation belongs to another app.
        """
        outcomes: list[Outcome[OperationT]] = []
        for outcome in self.post_batches([Batch((post,)) for post in posts]):
            match outcome:
                case BatchPosted(posted):
                    outcomes += posted
                case BatchRefused(_, refusal):
                    outcomes.append(refusal)
                case OwnerBusy():
                    raise outcome.error()
                case _:
                    assert_never(outcome)
        return outcomes

    def post_batches(self, batches: Sequence[Batch[OperationT]]) -> list[BatchOutcome[OperationT]]:
        """Posts each of `batches` atomically, in order, in one transaction.

        Returns an outcome for each batch. The transaction has been committed by then.

        Raises ForeignOperation, and writes nothing, if an operation belongs to another app.
        """
        if not batches:
            return []
        with _unavailable_on_failure():
            if posted := self._posted_alone(batches):
                return [BatchPosted((posted,))]
            try:
                return self._post(batches)
            except psycopg2.Error as error:
                if not is_lock_timeout(error):
                    raise
            return self._post_unlocked(batches)

    def discrepancies(self) -> list[str]:
        """Returns the owners whose balance differs from the sum of their entries.

        The result is empty unless the ledger is corrupt. Reads the whole ledger.
        """
        summed = (
            select(self._entry.owner_id, func.sum(self._entry.amount).label("balance"))
            .group_by(self._entry.owner_id)
            .subquery()
        )
        query = (
            select(func.coalesce(self._balance.owner_id, summed.c.owner_id))
            .select_from(self._balance)
            .join(summed, summed.c.owner_id == self._balance.owner_id, full=True)
            .where(func.coalesce(self._balance.balance, 0) != func.coalesce(summed.c.balance, 0))
        )
        with _unavailable_on_failure(), self._engine.connect() as connection:
            return list(connection.scalars(query))

    def entries(self, owner_id: str) -> list[Entry[OperationT]]:
        """Returns the owner's entries, oldest first."""
        entry = self._entry
        query = select(
            entry.id,
            entry.operation,  # pyright: ignore[reportGeneralTypeIssues]  # one ledger, one type
            entry.amount,
            entry.nonce,
            entry.owner_id,
            entry.created_on,
        )
        with _unavailable_on_failure(), self._engine.connect() as connection:
            rows = connection.execute(query.where(entry.owner_id == owner_id).order_by(entry.id))
            return [Entry(*row) for row in rows]

    def _posted_alone(self, batches: Sequence[Batch[OperationT]]) -> Posted[OperationT] | None:
        """Tries to post a single post with one statement: the fast path of an idle service.

        Returns None if nothing was written, so that the usual path decides.
        """
        if len(batches) != 1 or len(batches[0].posts) != 1:
            return None
        [post] = batches[0].posts
        amount = self.ledger.amount_of(post.operation)
        try:
            with self._cursor(self._statements.prepare_alone) as cursor:
                return self._statements.post_alone(cursor, post, amount)
        except psycopg2.IntegrityError:
            return None  # for example, a concurrent post has used the nonce

    def _post(
        self, batches: Sequence[Batch[OperationT]], tries: int = _TRIES
    ) -> list[BatchOutcome[OperationT]]:
        if not batches:
            return []
        posts = [post for batch in batches for post in batch.posts]
        try:
            with self._cursor() as cursor:
                balances, entries = self._statements.begin(cursor, posts)
                decisions = decide(self.ledger, batches, balances, entries)
                if accepted := accepted_posts(batches, decisions):
                    entries |= self._statements.write(cursor, accepted)
                # Otherwise, rows that were inserted only to be locked are rolled back.
        except psycopg2.Error as error:
            if tries > 1 and was_rolled_back(error):
                return self._post(batches, tries - 1)
            raise
        return [outcome_of(batch, decision, entries) for batch, decision in zip(batches, decisions)]

    def _post_unlocked(
        self, batches: Sequence[Batch[OperationT]]
    ) -> list[BatchOutcome[OperationT]]:
        """Posts the batches whose owners are all unlocked; the others have timed out."""
        with self._cursor() as cursor:
            busy = self._statements.busy(cursor, {p.owner_id for b in batches for p in b.posts})
        free = [busy.isdisjoint(post.owner_id for post in batch.posts) for batch in batches]
        outcomes = iter(self._post(list(compress(batches, free))))
        return [next(outcomes) if is_free else OwnerBusy() for is_free in free]

    @contextmanager
    def _cursor(self, preparation: str | None = None) -> Generator[Cursor, None, None]:
        """Yields a psycopg2 cursor in autocommit mode.

        SQLAlchemy would make a short statement a third slower. `preparation` is executed once per
        connection. A transaction that is still open at the end of the block is rolled back.
        """
        pooled = self._engine.raw_connection()
        connection = pooled.driver_connection
        assert isinstance(connection, psycopg2.extensions.connection)
        borrowed = not connection.autocommit
        try:
            if borrowed:
                connection.autocommit = True
            with connection.cursor() as cursor:
                if preparation and preparation not in pooled.info:
                    cursor.execute(preparation)
                    pooled.info[preparation] = True
                try:
                    yield cursor
                finally:
                    if connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
                        cursor.execute("ROLLBACK")
        finally:
            if connection.closed:
                pooled.invalidate()
            elif borrowed:
                connection.autocommit = False
            pooled.close()


@contextmanager
def _unavailable_on_failure() -> Generator[None, None, None]:
    try:
        yield
    except (psycopg2.Error, DBAPIError, PoolTimeout) as error:
        if is_unknown_operation(error):
            raise DatabaseNotMigrated(
                "The database does not know an operation of this release: migrate the database, "
                "then try again with the same nonce"
            ) from error
        if is_refusal(error):
            raise
        log.warning("the database is unavailable: %s", error)
        raise DatabaseUnavailable(
            "The database is unavailable or too slow; try again with the same nonce"
        ) from error
