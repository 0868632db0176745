"""The rules of posting, as pure functions: which batches to accept, given the ledger's state.

This module is independent of SQL and HTTP. The store calls `decide` while it holds the locks on
the owners.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Generic

from typing_extensions import assert_never

from core.ledgers.decisions import (
    AcceptBatch,
    AcceptPost,
    Decision,
    Reason,
    RefuseBatch,
    RefuseDuplicate,
    RefuseExcess,
    RefuseOverdraft,
    RefuseRepeat,
    RefuseUse,
    Use,
)
from core.ledgers.ledger import Ledger
from core.ledgers.limits import Usage
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import (
    BalanceTooHigh,
    BatchOutcome,
    BatchPosted,
    BatchRefused,
    BatchRepeated,
    Duplicate,
    Entry,
    Insufficient,
    LimitReached,
    Posted,
    Refusal,
    StoredEntry,
)
from core.ledgers.requests import Batch, Key, Post

MAX_BALANCE = 2**63 - 1  # the column has PostgreSQL's type bigint

Usages = Mapping[tuple[str, OperationT], Usage]
"""The usage of an owner's limited operations, by owner_id and operation."""


def decide(
    ledger: Ledger[OperationT],
    batches: Sequence[Batch[OperationT]],
    balances: Mapping[str, int],
    known: Mapping[Key, StoredEntry[OperationT]],
    usages: Usages[OperationT] | None = None,
) -> list[Decision]:
    """Returns a decision for each of `batches`, in order, as if they had been posted one by one.

    `balances` must have the balance of each owner in `batches` that has one, `known` each entry
    whose key is in `batches`, and `usages` the usage of each limited operation in `batches`.

    Duplicates are checked before limits, and limits before overdrafts, so retrying the spend that
    emptied an account is a duplicate, not an overdraft. A refused post does not use up its nonce.
    A batch is a repeat only if all of it was posted before: one that is new in part is refused
    because of the first post that cannot be posted.

    Raises ForeignOperation for an operation of another app.
    """
    group = _Group(ledger, balances, known, usages or {})
    return [group.decide(batch) for batch in batches]


def is_repeat(
    ledger: Ledger[OperationT], post: Post[OperationT], operation: OperationT | str, amount: int
) -> bool:
    """Whether an entry of `operation` and `amount` is what `post` writes, or may have written.

    An entry has no quantity. So with an amount per unit, today's or a former one, the amounts are
    compared. With a fixed amount, which a release may have changed, only the operations are.
    """
    if operation is not post.operation:
        return False
    per_unit = ledger.per_unit.get(post.operation)
    return per_unit is None or amount in per_unit.possible_amounts(post.quantity)


class _Group(Generic[OperationT]):
    """The state of a ledger, as the batches of a group that are accepted change it."""

    def __init__(
        self,
        ledger: Ledger[OperationT],
        balances: Mapping[str, int],
        known: Mapping[Key, StoredEntry[OperationT]],
        usages: Usages[OperationT],
    ) -> None:
        self._ledger = ledger
        self._balances = dict(balances)
        self._used: dict[Key, tuple[OperationT | str, int]]
        self._used = {key: (entry.operation, entry.amount) for key, entry in known.items()}
        self._usages = dict(usages)

    def decide(self, batch: Batch[OperationT]) -> Decision:
        if len(batch.posts) > 1 and all(self._is_repeat(post) for post in batch.posts):
            return RefuseRepeat()
        accepted: list[AcceptPost] = []
        in_batch: dict[str, int] = {}  # each owner's balance after the posts decided so far
        uses: dict[tuple[str, OperationT], Use] = {}
        for index, post in enumerate(batch.posts):
            if post.key in self._used:
                reused = not self._is_repeat(post)
                return RefuseBatch(index, RefuseDuplicate(post.key, reused))
            use = self._next_use(post, uses)
            if isinstance(use, RefuseUse):
                return RefuseBatch(index, use)
            amount = self._ledger.amount_of(post.operation, post.quantity)
            owner_id = post.owner_id
            before = in_batch[owner_id] if owner_id in in_batch else self._balance(owner_id)
            if before + amount < 0:
                return RefuseBatch(index, RefuseOverdraft(amount, before))
            if before + amount > MAX_BALANCE:
                return RefuseBatch(index, RefuseExcess(amount, before))
            in_batch[owner_id] = before + amount
            accepted.append(AcceptPost(amount, before + amount, use))
        self._apply(batch, accepted)
        return AcceptBatch(tuple(accepted))

    def _balance(self, owner_id: str) -> int:
        return self._balances.get(owner_id, 0)

    def _is_repeat(self, post: Post[OperationT]) -> bool:
        return post.key in self._used and is_repeat(self._ledger, post, *self._used[post.key])

    def _next_use(
        self, post: Post[OperationT], uses: dict[tuple[str, OperationT], Use]
    ) -> Use | RefuseUse | None:
        """Returns the post's use of its limit, if it has one. `uses` are those of its batch."""
        limit = self._ledger.limits.get(post.operation)
        if limit is None:
            return None
        limited = (post.owner_id, post.operation)
        usage = self._usages[limited]
        number = 1 + (uses[limited].number if limited in uses else usage.used)
        if number > limit.count:
            return RefuseUse(usage, limit.count)
        uses[limited] = Use(usage.period, number, limit.count)
        return uses[limited]

    def _apply(self, batch: Batch[OperationT], accepted: Sequence[AcceptPost]) -> None:
        for post, accept in zip(batch.posts, accepted):
            self._balances[post.owner_id] = accept.balance
            self._used[post.key] = (post.operation, accept.amount)
            if accept.use is not None:
                usage = self._usages[post.owner_id, post.operation]
                self._usages[post.owner_id, post.operation] = replace(
                    usage, used=accept.use.number, latest=post.key
                )


def accepted_posts(
    batches: Sequence[Batch[OperationT]], decisions: Sequence[Decision]
) -> list[tuple[Post[OperationT], AcceptPost]]:
    """Returns the posts of the accepted batches, in order."""
    return [
        accepted
        for batch, decision in zip(batches, decisions)
        if isinstance(decision, AcceptBatch)
        for accepted in zip(batch.posts, decision.posts)
    ]


def outcome_of(
    batch: Batch[OperationT], decision: Decision, entries: Mapping[Key, StoredEntry[OperationT]]
) -> BatchOutcome[OperationT]:
    """Returns the outcome of `batch`.

    `entries` must have the entry of each key that was just written or that was already known, and
    the latest entry of each limit.
    """
    match decision:
        case AcceptBatch(accepted):
            return BatchPosted(
                tuple(
                    Posted(_known(entries[post.key]), accept.balance)
                    for post, accept in zip(batch.posts, accepted)
                )
            )
        case RefuseBatch(index, reason):
            return BatchRefused(index, _refusal_of(batch.posts[index], reason, entries))
        case RefuseRepeat():
            return BatchRepeated(tuple(_known(entries[post.key]) for post in batch.posts))
        case _:
            assert_never(decision)


def _known(entry: StoredEntry[OperationT]) -> Entry[OperationT]:
    assert isinstance(entry, Entry), "an entry of an operation that was just asked for"
    return entry


def _refusal_of(
    post: Post[OperationT],
    reason: Reason,
    entries: Mapping[Key, StoredEntry[OperationT]],
) -> Refusal[OperationT]:
    match reason:
        case RefuseDuplicate(key, reused):
            return Duplicate(entries[key], post, reused)
        case RefuseUse(usage, allowed):
            latest = None if usage.latest is None else entries[usage.latest]
            return LimitReached(post.operation, allowed, usage.resets_at, latest)
        case RefuseOverdraft(amount, balance):
            return Insufficient(amount, balance)
        case RefuseExcess(amount, balance):
            return BalanceTooHigh(amount, balance)
        case _:
            assert_never(reason)
