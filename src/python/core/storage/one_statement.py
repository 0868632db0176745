"""Posts a group by one statement, which commits by itself, as far as one statement can."""

from collections.abc import Sequence
from typing import Generic

from core.ledgers.decisions import AcceptBatch
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import (
    BatchOutcome,
    BatchPosted,
    BatchRefused,
    Duplicate,
    Entry,
    Posted,
    StoredEntry,
)
from core.ledgers.posting import decide, is_repeat, outcome_of
from core.ledgers.requests import Batch, Key, Post
from core.storage.arrays import array
from core.storage.entries import stored_entry
from core.storage.event_loop_connection import Row
from core.storage.session import Session
from core.storage.statements import Statements


class _Owner:
    """The sum of an owner's amounts, and the lowest of their running sums."""

    __slots__ = ("net", "lowest")

    def __init__(self) -> None:
        self.net = 0
        self.lowest = 0


class OneStatement(Generic[OperationT]):
    """Finishes an owner's posts in a group, or leaves them all to LockDecideWrite.

    The statement posts the owners whose posts are all acceptable. Of the others, it reads what
    `decide` needs. A refusal is true of the moment of that reading, so it needs no lock.

    Owners with a post in a batch of several are left out, because its outcome may depend on another
    owner, and owners with a post of a limited operation.
    """

    def __init__(
        self, ledger: Ledger[OperationT], statements: Statements[OperationT], session: Session
    ) -> None:
        self._ledger = ledger
        self._statements = statements
        self._session = session

    async def post(
        self, batches: Sequence[Batch[OperationT]]
    ) -> dict[int, BatchOutcome[OperationT]]:
        """Returns the outcomes of the batches that are finished, by their index in `batches`.

        Raises psycopg2.Error if the database rejects the statement or does not answer. It has
        posted nothing then, unless there was no answer.
        """
        chosen = _chosen(self._ledger, batches)
        if len(batches) == 1 and len(chosen) == 1:
            alone = await self._post_alone(batches[0].posts[0])
            if alone is not None:
                return {0: BatchPosted((alone,))}
        if not chosen:
            return {}
        rows = await self._session.execute(
            self._statements.post_owners, self._parameters(_first_of_each_key(chosen))
        )
        written = {(row[1], row[2]): row for row in rows if row[0]}
        balances = {row[1]: row[3] for row in written.values()}
        entries: dict[Key, Entry[OperationT]] = {}
        outcomes: dict[int, BatchOutcome[OperationT]] = {}
        for index, post in chosen:
            if post.key in entries:
                original = entries[post.key]
                reused = not is_repeat(self._ledger, post, original.operation, original.amount)
                outcomes[index] = BatchRefused(0, Duplicate(original, post, reused))
            elif row := written.get(post.key):
                amount = self._ledger.amount_of(post.operation, post.quantity)
                balance = balances[post.owner_id] = balances[post.owner_id] + amount
                entry = Entry(row[4], post.operation, amount, post.nonce, post.owner_id, row[5])
                entries[post.key] = entry
                outcomes[index] = BatchPosted((Posted(entry, balance),))
        if len(outcomes) < len(chosen):
            left = [(index, batches[index]) for index, _ in chosen if index not in outcomes]
            outcomes |= self._refused(left, [row for row in rows if not row[0]])
        return outcomes

    async def _post_alone(self, post: Post[OperationT]) -> Posted[OperationT] | None:
        amount = self._ledger.amount_of(post.operation, post.quantity)
        parameters = {
            "owner": post.owner_id,
            "operation": post.operation.value,
            "amount": amount,
            "nonce": post.nonce,
        }
        rows = await self._session.execute(self._statements.post_alone, parameters)
        for id_, created_on, balance in rows:
            entry = Entry(id_, post.operation, amount, post.nonce, post.owner_id, created_on)
            return Posted(entry, balance)
        return None

    def _parameters(self, posts: Sequence[Post[OperationT]]) -> dict[str, str]:
        amounts = [self._ledger.amount_of(post.operation, post.quantity) for post in posts]
        owners: dict[str, _Owner] = {}
        for post, amount in zip(posts, amounts):
            owner = owners.get(post.owner_id)
            if owner is None:
                owner = owners[post.owner_id] = _Owner()
            owner.net += amount
            owner.lowest = min(owner.lowest, owner.net)
        return {
            "post_owners": array(post.owner_id for post in posts),
            "operations": array(post.operation.value for post in posts),
            "amounts": array(map(str, amounts)),
            "nonces": array(post.nonce for post in posts),
            "owners": array(owners),
            "net": array(str(owner.net) for owner in owners.values()),
            "lowest": array(str(owner.lowest) for owner in owners.values()),
        }

    def _refused(
        self, left: Sequence[tuple[int, Batch[OperationT]]], rows: Sequence[Row]
    ) -> dict[int, BatchOutcome[OperationT]]:
        """Returns the outcomes of the owners whose posts are all refused.

        It must not raise an exception: the other owners' posts are committed.
        """
        balances: dict[str, int] = {}
        entries: dict[Key, StoredEntry[OperationT]] = {}
        for _, owner_id, nonce, balance, id_, created_on, operation, amount in rows:
            if balance is not None:
                balances[owner_id] = balance
            if id_ is not None:
                entries[owner_id, nonce] = stored_entry(
                    self._ledger, id_, operation, amount, nonce, owner_id, created_on
                )
        decisions = decide(self._ledger, [batch for _, batch in left], balances, entries)
        acceptable = {
            batch.posts[0].owner_id
            for (_, batch), decision in zip(left, decisions)
            if isinstance(decision, AcceptBatch)
        }
        return {
            index: outcome_of(batch, decision, entries)
            for (index, batch), decision in zip(left, decisions)
            if batch.posts[0].owner_id not in acceptable
        }


def _chosen(
    ledger: Ledger[OperationT], batches: Sequence[Batch[OperationT]]
) -> list[tuple[int, Post[OperationT]]]:
    """Returns the posts that one statement may post, each with its index in `batches`."""
    left_out = {post.owner_id for batch in batches if len(batch.posts) > 1 for post in batch.posts}
    if limits := ledger.limits:
        left_out |= {
            post.owner_id for batch in batches for post in batch.posts if post.operation in limits
        }
    return [
        (index, post)
        for index, batch in enumerate(batches)
        for post in batch.posts
        if post.owner_id not in left_out
    ]


def _first_of_each_key(chosen: Sequence[tuple[int, Post[OperationT]]]) -> list[Post[OperationT]]:
    first: dict[Key, Post[OperationT]] = {}
    for _, post in chosen:
        first.setdefault(post.key, post)
    return list(first.values())
