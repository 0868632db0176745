"""Posts batches in a transaction: locks their owners, decides by the rules, and writes entries."""

import logging
from collections.abc import Sequence
from datetime import datetime
from itertools import compress
from typing import Any, Generic

import psycopg2

from core.ledgers.decisions import AcceptPost, Use
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import BatchOutcome, Entry, OwnerBusy, StoredEntry
from core.ledgers.posting import accepted_posts, decide, outcome_of
from core.ledgers.requests import Batch, Key, Post
from core.storage.arrays import array
from core.storage.entries import stored_entry
from core.storage.limit_usage import CurrentUsage, LimitUsage
from core.storage.session import Session
from core.storage.sqlstates import is_lock_timeout, was_rolled_back
from core.storage.statements import COMMIT, Statements

log = logging.getLogger(__name__)

_TRIES = 4  # after that of the one statement

_Entries = dict[Key, StoredEntry[OperationT]]


class LockDecideWrite(Generic[OperationT]):
    """The steps: lock the owners, apply `posting.decide`, and write. See docs/locking.md."""

    def __init__(
        self,
        ledger: Ledger[OperationT],
        statements: Statements[OperationT],
        usage: LimitUsage[OperationT],
        session: Session,
    ) -> None:
        self._ledger = ledger
        self._statements = statements
        self._usage = usage
        self._session = session

    async def post(
        self, batches: Sequence[Batch[OperationT]], *, have_waited: bool = False
    ) -> list[BatchOutcome[OperationT]]:
        """Returns the outcome of each batch. All entries are committed when this returns.

        A batch is OwnerBusy if one of its owners stays locked for `lock_timeout`, or is locked now
        and the batches `have_waited` already.

        Raises psycopg2.Error if the database rejects the transaction or does not answer.
        """
        if not have_waited:
            try:
                return await self._post(batches)
            except psycopg2.Error as error:
                if not is_lock_timeout(error):
                    raise
        return await self._post_unlocked(batches)

    async def _post_unlocked(
        self, batches: Sequence[Batch[OperationT]]
    ) -> list[BatchOutcome[OperationT]]:
        """Posts the batches of unlocked owners. The others have waited for `lock_timeout`."""
        owner_ids = {post.owner_id for batch in batches for post in batch.posts}
        rows = await self._session.execute(
            self._statements.busy_owners, {"owners": array(owner_ids)}
        )
        busy = {owner_id for owner_id, in rows}
        unlocked = [busy.isdisjoint(post.owner_id for post in batch.posts) for batch in batches]
        outcomes = iter(await self._post(list(compress(batches, unlocked))))
        return [next(outcomes) if is_unlocked else OwnerBusy() for is_unlocked in unlocked]

    async def _post(
        self, batches: Sequence[Batch[OperationT]], tries: int = _TRIES
    ) -> list[BatchOutcome[OperationT]]:
        if not batches:
            return []
        try:
            while True:
                balances, entries = await self._begin(batches)
                current = await self._current_usage(batches)
                entries |= current.entries
                decisions = decide(self._ledger, batches, balances, entries, current.usages)
                accepted = accepted_posts(batches, decisions)
                new_owners = {post.owner_id for post, _ in accepted} - balances.keys()
                if not new_owners:
                    break
                # A missing row cannot be locked. It is inserted outside of the transaction:
                # inserting rows while holding locks could deadlock.
                await self._session.roll_back()
                await self._session.execute(
                    self._statements.create_owners, {"owners": array(new_owners)}
                )
            if accepted:
                entries |= await self._write(accepted, current.moment)
        except psycopg2.Error as error:
            if tries > 1 and was_rolled_back(error):
                await self._session.roll_back()
                return await self._post(batches, tries - 1)
            raise
        finally:
            await self._session.roll_back()
        return [outcome_of(batch, decision, entries) for batch, decision in zip(batches, decisions)]

    async def _begin(
        self, batches: Sequence[Batch[OperationT]]
    ) -> tuple[dict[str, int], _Entries[OperationT]]:
        """Begins a transaction that locks the owners of the batches until it ends.

        Returns the balances of the owners that it has locked, and the existing entries with the
        keys of the posts. Neither can change while the owners are locked.
        """
        posts = [post for batch in batches for post in batch.posts]
        parameters = {
            "owners": array({post.owner_id for post in posts}),
            "post_owners": array(post.owner_id for post in posts),
            "nonces": array(post.nonce for post in posts),
        }
        balances: dict[str, int] = {}
        entries: _Entries[OperationT] = {}
        for row in await self._session.execute(self._statements.begin, parameters):
            owner_id, balance, nonce, id_, operation, amount, created_on = row
            if balance is not None:
                balances[owner_id] = balance
            if id_ is not None:
                entries[owner_id, nonce] = stored_entry(
                    self._ledger, id_, operation, amount, nonce, owner_id, created_on
                )
        return balances, entries

    async def _current_usage(
        self, batches: Sequence[Batch[OperationT]]
    ) -> CurrentUsage[OperationT]:
        """Returns the usage of each limited operation in the batches. Their owners are locked."""
        limits = self._ledger.limits
        posts = (post for batch in batches for post in batch.posts)
        asked = {(post.owner_id, post.operation) for post in posts if post.operation in limits}
        if not asked:
            return CurrentUsage(None, {}, {})
        rows = await self._session.execute(
            self._usage.statement, self._usage.parameters(asked), in_transaction=True
        )
        return self._usage.current(rows)

    async def _write(
        self,
        accepted: Sequence[tuple[Post[OperationT], AcceptPost]],
        moment: datetime | None,
    ) -> _Entries[OperationT]:
        """Updates the balances, inserts the accepted posts in order, and commits.

        `moment` is when the usage of limits was read, if there are any. Returns the new entries by
        key.
        """
        changed = {post.owner_id: accept.balance for post, accept in accepted}
        parameters: dict[str, Any] = {
            "owners": array(changed),
            "balances": array(map(str, changed.values())),
            "operations": array(post.operation.value for post, _ in accepted),
            "amounts": array(str(accept.amount) for _, accept in accepted),
            "nonces": array(post.nonce for post, _ in accepted),
            "post_owners": array(post.owner_id for post, _ in accepted),
        }
        statement = self._statements.write
        if moment is not None:
            statement = self._statements.write_limited
            parameters |= _uses(accepted, moment)
        rows = await self._session.execute(statement, parameters, in_transaction=True)
        await self._session.execute(COMMIT, {}, in_transaction=True)
        written = {(owner_id, nonce): rest for owner_id, nonce, *rest in rows}
        entries: _Entries[OperationT] = {}
        for post, accept in accepted:
            id_, created_on = written[post.key]
            entries[post.key] = Entry(
                id_, post.operation, accept.amount, post.nonce, post.owner_id, created_on
            )
        return entries


def _uses(
    accepted: Sequence[tuple[Post[OperationT], AcceptPost]], moment: datetime
) -> dict[str, Any]:
    """Returns the parameters that record the uses of limits. A post without one has number 0."""
    uses = [accept.use or Use("", 0, 0) for _, accept in accepted]
    return {
        "moment": moment,
        "periods": array(use.period for use in uses),
        "numbers": array(str(use.number) for use in uses),
        "allowed": array(str(use.allowed) for use in uses),
    }
