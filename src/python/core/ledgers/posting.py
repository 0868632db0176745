"""The rules of posting, as pure functions: which batches to accept, given the ledger's state.

This module is independent of SQL and HTTP. The store calls `decide` while it holds the locks on
the owners.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from typing_extensions import assert_never

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import (
    BatchOutcome,
    BatchPosted,
    BatchRefused,
    BatchRepeated,
    Duplicate,
    Entry,
    Insufficient,
    LimitExceeded,
    Posted,
    Refusal,
    StoredEntry,
)
from core.ledgers.requests import Batch, Key, Post

MAX_BALANCE = 2**63 - 1  # the column has PostgreSQL's type bigint


@dataclass(frozen=True)
class AcceptPost:
    """Write an entry of `amount`, after which the owner has `balance`."""

    amount: int
    balance: int


@dataclass(frozen=True)
class AcceptBatch:
    """Write an entry for each post, in order."""

    posts: tuple[AcceptPost, ...]


@dataclass(frozen=True)
class RefuseDuplicate:
    """Write nothing: `key` already has an entry, or an earlier post in the group has the key."""

    key: Key


@dataclass(frozen=True)
class RefuseOverdraft:
    """Write nothing: `amount` would overdraw `balance`."""

    amount: int
    balance: int


@dataclass(frozen=True)
class RefuseExcess:
    """Write nothing: `amount` would bring `balance` above MAX_BALANCE."""

    amount: int
    balance: int


Reason = RefuseDuplicate | RefuseOverdraft | RefuseExcess


@dataclass(frozen=True)
class RefuseBatch:
    """Write nothing: `reason` is why the post at `index` is refused."""

    index: int
    reason: Reason


@dataclass(frozen=True)
class RefuseRepeat:
    """Write nothing: each of the batch's several posts was posted before, with its operation."""


Decision = AcceptBatch | RefuseBatch | RefuseRepeat


def decide(
    ledger: Ledger[OperationT],
    batches: Sequence[Batch[OperationT]],
    balances: Mapping[str, int],
    known: Mapping[Key, StoredEntry[OperationT]],
) -> list[Decision]:
    """Returns a decision for each of `batches`, in order, as if they had been posted one by one.

    `balances` must have the balance of each owner in `batches` that has one, and `known` each entry
    whose key is in `batches`.

    Duplicates are checked before overdrafts, so retrying the spend that emptied an account is a
    duplicate, not an overdraft. A refused post does not use up its nonce. A batch is a repeat only
    if all of it was posted before: one that is new in part is refused because of the first post
    that cannot be posted.

    Raises ForeignOperation for an operation of another app.
    """
    balance_of = dict(balances)
    used: dict[Key, OperationT | str] = {key: known[key].operation for key in known}
    decisions: list[Decision] = []
    for batch in batches:
        decision = _decide(ledger, batch, balance_of, used)
        if isinstance(decision, AcceptBatch):
            for post, accepted in zip(batch.posts, decision.posts):
                balance_of[post.owner_id] = accepted.balance
                used[post.key] = post.operation
        decisions.append(decision)
    return decisions


def _decide(
    ledger: Ledger[OperationT],
    batch: Batch[OperationT],
    balance_of: Mapping[str, int],
    used: Mapping[Key, OperationT | str],
) -> Decision:
    if len(batch.posts) > 1 and all(used.get(p.key) is p.operation for p in batch.posts):
        return RefuseRepeat()
    in_batch: dict[str, int] = {}  # each owner's balance after the posts decided so far
    accepted: list[AcceptPost] = []
    for index, post in enumerate(batch.posts):
        owner_id = post.owner_id
        before = in_batch[owner_id] if owner_id in in_batch else balance_of.get(owner_id, 0)
        amount = ledger.amount_of(post.operation)
        if post.key in used:
            return RefuseBatch(index, RefuseDuplicate(post.key))
        if before + amount < 0:
            return RefuseBatch(index, RefuseOverdraft(amount, before))
        if before + amount > MAX_BALANCE:
            return RefuseBatch(index, RefuseExcess(amount, before))
        in_batch[owner_id] = before + amount
        accepted.append(AcceptPost(amount, before + amount))
    return AcceptBatch(tuple(accepted))


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

    `entries` must have the entry of each key that was just written or that was already known.
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
        case RefuseDuplicate(key):
            return Duplicate(entries[key], post)
        case RefuseOverdraft(amount, balance):
            return Insufficient(amount, balance)
        case RefuseExcess(amount, balance):
            return LimitExceeded(amount, balance)
        case _:
            assert_never(reason)
