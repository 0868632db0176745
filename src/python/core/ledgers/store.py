"""All SQL of the ledger: reads balances, and posts batches, each in one transaction.

docs/locking.md says what is locked when, and why.
"""

import logging
from collections.abc import Iterable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Generic

from sqlalchemy import Connection, Engine, Row, bindparam, func, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.ledgers.errors import DatabaseUnavailable
from core.ledgers.identifiers import validated_owner_id
from core.ledgers.ledger import Ledger
from core.ledgers.models import models_of
from core.ledgers.operations import OperationT
from core.ledgers.post import Key, Post
from core.ledgers.posting import Accept, Duplicate, Entry, Insufficient, Outcome, Posted, decide

log = logging.getLogger(__name__)


class LedgerStore(Generic[OperationT]):
    """The entries and balances of one ledger, in one database.

    Every method raises DatabaseUnavailable when the database does not answer; nothing of what it
    was asked to write has been acknowledged then, and posting it again is safe.
    """

    def __init__(self, ledger: Ledger[OperationT], engine: Engine) -> None:
        self.ledger = ledger
        self._engine = engine
        models = models_of(ledger)
        self._entry = models.entry
        self._balance = models.balance

    def balance(self, owner_id: str) -> int:
        """The owner's credits; 0 for an owner without entries.

        Raises InvalidIdentifier for an owner_id that no ledger can hold.
        """
        query = select(self._balance.balance).where(
            self._balance.owner_id == validated_owner_id(owner_id)
        )
        with _unavailable_on_failure(), self._engine.connect() as connection:
            return connection.scalar(query) or 0

    def post(self, posts: Sequence[Post[OperationT]]) -> list[Outcome[OperationT]]:
        """Posts a batch in one transaction; returns one outcome for each post, in order.

        When it returns, what was posted is committed.

        Raises ForeignOperation for an operation of another app; nothing is written then.
        """
        if not posts:
            return []
        with _unavailable_on_failure(), self._engine.connect() as connection:
            balances = self._lock(connection, {post.owner_id for post in posts})
            known = self._known(connection, [post.key for post in posts])
            decisions = decide(self.ledger, posts, balances, known)
            accepted = [
                (post, decision)
                for post, decision in zip(posts, decisions)
                if isinstance(decision, Accept)
            ]
            if accepted:
                known |= self._write(connection, accepted)
                connection.commit()
        # Without a commit the transaction is rolled back, and with it the rows made to be locked.
        outcomes: list[Outcome[OperationT]] = []
        for post, decision in zip(posts, decisions):
            match decision:
                case Accept():
                    outcomes.append(Posted(known[post.key], decision.balance))
                case Insufficient():
                    outcomes.append(decision)
                case _:
                    outcomes.append(Duplicate(known[decision.key], post))
        return outcomes

    def discrepancies(self) -> list[str]:
        """The owners whose balance is not the sum of their entries: always empty, or call for help.

        Reads the whole ledger.
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
        """The owner's entries, oldest first."""
        query = select(*self._entry_columns()).where(self._entry.owner_id == owner_id)
        with _unavailable_on_failure(), self._engine.connect() as connection:
            rows = connection.execute(query.order_by(self._entry.id))
            return [_entry(row) for row in rows]

    def _lock(self, connection: Connection, owners: Iterable[str]) -> dict[str, int]:
        """Locks the owners' balances, in order, until the transaction ends; returns them.

        A missing row cannot be locked, so it is inserted first. Both statements go through the
        owners in the same order in every transaction, so no two can wait for each other.
        """
        ordered = sorted(owners)
        connection.execute(
            postgresql.insert(self._balance).on_conflict_do_nothing(),
            [{"owner_id": owner_id, "balance": 0} for owner_id in ordered],
        )
        query = (
            select(self._balance.owner_id, self._balance.balance)
            .where(self._balance.owner_id == func.any(bindparam("owners")))
            .order_by(self._balance.owner_id)
            .with_for_update()
        )
        return {row.owner_id: row.balance for row in connection.execute(query, {"owners": ordered})}

    def _known(self, connection: Connection, keys: Sequence[Key]) -> dict[Key, Entry[OperationT]]:
        """The entries that exist under these keys. Final, because their owners are locked."""
        query = select(*self._entry_columns()).where(
            tuple_(self._entry.owner_id, self._entry.nonce).in_(keys)
        )
        entries = (_entry(row) for row in connection.execute(query))
        return {(entry.owner_id, entry.nonce): entry for entry in entries}

    def _write(
        self, connection: Connection, accepted: Sequence[tuple[Post[OperationT], Accept]]
    ) -> dict[Key, Entry[OperationT]]:
        """Inserts the accepted posts, in order, and sets their owners' balances."""
        rows = connection.execute(
            insert(self._entry).returning(*self._entry_columns(), sort_by_parameter_order=True),
            [
                {
                    "operation": post.operation,
                    "amount": decision.amount,
                    "nonce": post.nonce,
                    "owner_id": post.owner_id,
                }
                for post, decision in accepted
            ],
        )
        entries = (_entry(row) for row in rows)
        written = {(entry.owner_id, entry.nonce): entry for entry in entries}
        final = {post.owner_id: decision.balance for post, decision in accepted}
        connection.execute(
            update(self._balance).where(self._balance.owner_id == bindparam("owner")),
            [{"owner": owner_id, "balance": balance} for owner_id, balance in final.items()],
        )
        return written

    def _entry_columns(self) -> tuple[Any, ...]:
        entry = self._entry
        return (
            entry.id,
            entry.operation,  # pyright: ignore[reportGeneralTypeIssues]  # one ledger, one type
            entry.amount,
            entry.nonce,
            entry.owner_id,
            entry.created_on,
        )


def _entry(row: Row[Any]) -> Entry[Any]:
    return Entry(*row)  # the columns, in the order of the fields


@contextmanager
def _unavailable_on_failure() -> Generator[None, None, None]:
    try:
        yield
    except IntegrityError:
        raise  # the database refused what the rules allowed: a defect, not an outage
    except (DBAPIError, PoolTimeout) as error:
        log.warning("the database did not answer: %s", error)
        raise DatabaseUnavailable(
            "The database is not available or too slow; try again, with the same nonce"
        ) from error
