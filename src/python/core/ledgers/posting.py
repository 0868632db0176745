"""The rules of posting, pure: what happens to batches of posts, given what the ledger holds.

Nothing here knows of SQL or HTTP. The store calls `decide` while it holds the owners' locks.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic

from core.ledgers.errors import DatabaseUnavailable
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.requests import Batch, Key, Post


@dataclass(frozen=True)
class Entry(Generic[OperationT]):
    """A line of the ledger, as stored. `amount` is in credits; `created_on` is in UTC."""

    id: int
    operation: OperationT
    amount: int
    nonce: str
    owner_id: str
    created_on: datetime


@dataclass(frozen=True)
class Posted(Generic[OperationT]):
    """The post became `entry`, which left the owner with `balance` credits."""

    entry: Entry[OperationT]
    balance: int


@dataclass(frozen=True)
class Duplicate(Generic[OperationT]):
    """The owner has used this nonce before, for `original`; nothing was written."""

    original: Entry[OperationT]
    post: Post[OperationT]

    @property
    def reused(self) -> bool:
        """Whether the nonce was used for another operation: a mistake, not a retry."""
        return self.original.operation is not self.post.operation


@dataclass(frozen=True)
class Insufficient:
    """The owner's `balance` does not cover `amount`; nothing was written, the nonce is unused."""

    amount: int
    balance: int


Outcome = Posted[OperationT] | Duplicate[OperationT] | Insufficient


@dataclass(frozen=True)
class Refused(Generic[OperationT]):
    """Nothing of the batch was written, because of its post at `index`: the first refused one."""

    index: int
    outcome: Duplicate[OperationT] | Insufficient


@dataclass(frozen=True)
class Busy:
    """Nothing of the batch was written: another transaction held one of its owners for too long."""

    def error(self) -> DatabaseUnavailable:
        return DatabaseUnavailable(
            "Another transaction holds this owner; try again, with the same nonce"
        )


BatchOutcome = list[Posted[OperationT]] | Refused[OperationT] | Busy


@dataclass(frozen=True)
class Accept:
    """Write an entry of `amount`, which leaves `balance`."""

    amount: int
    balance: int


@dataclass(frozen=True)
class Repeat:
    """Write nothing: `key` is known, or is that of an earlier post."""

    key: Key


@dataclass(frozen=True)
class Refuse:
    """Write nothing of the batch, because of `decision` on its post at `index`."""

    index: int
    decision: Repeat | Insufficient


def decide(
    ledger: Ledger[OperationT],
    batches: Sequence[Batch[OperationT]],
    balances: Mapping[str, int],
    known: Iterable[Key],
) -> list[list[Accept] | Refuse]:
    """Decides each of `batches`, in order, as if their posts arrived one after another.

    `balances` holds every owner in `batches`, `known` those of their keys that have an entry.
    A duplicate is decided before an overdraft: the replay of a spend that emptied the account
    is a duplicate. A refused post does not use up its nonce.

    Raises ForeignOperation for an operation of another app.
    """
    balance_of, used = dict(balances), set(known)
    decisions: list[list[Accept] | Refuse] = []
    for batch in batches:
        decision = _decide(ledger, batch, balance_of, used)
        if isinstance(decision, list):
            for post, accepted in zip(batch.posts, decision):
                balance_of[post.owner_id] = accepted.balance
                used.add(post.key)
        decisions.append(decision)
    return decisions


def _decide(
    ledger: Ledger[OperationT],
    batch: Batch[OperationT],
    balance_of: Mapping[str, int],
    used: Container[Key],
) -> list[Accept] | Refuse:
    own: dict[str, int] = {}  # what the batch's posts so far leave to their owners
    accepted: list[Accept] = []
    for index, post in enumerate(batch.posts):
        owner_id = post.owner_id
        before = own[owner_id] if owner_id in own else balance_of[owner_id]
        amount = ledger.amount_of(post.operation)
        if post.key in used:
            return Refuse(index, Repeat(post.key))
        if before + amount < 0:
            return Refuse(index, Insufficient(amount, before))
        own[owner_id] = before + amount
        accepted.append(Accept(amount, before + amount))
    return accepted


def accepted_posts(
    batches: Sequence[Batch[OperationT]], decisions: Sequence[list[Accept] | Refuse]
) -> list[tuple[Post[OperationT], Accept]]:
    """What of `batches` is to be written, in order."""
    return [
        accepted
        for batch, decision in zip(batches, decisions)
        if isinstance(decision, list)
        for accepted in zip(batch.posts, decision)
    ]


def outcome_of(
    batch: Batch[OperationT],
    decision: list[Accept] | Refuse,
    entries: Mapping[Key, Entry[OperationT]],
) -> BatchOutcome[OperationT]:
    """What became of `batch`. `entries` holds what was decided upon: those written, those known."""
    if isinstance(decision, list):
        accepted = zip(batch.posts, decision)
        return [Posted(entries[post.key], accept.balance) for post, accept in accepted]
    refusal = decision.decision
    if isinstance(refusal, Insufficient):
        return Refused(decision.index, refusal)
    return Refused(decision.index, Duplicate(entries[refusal.key], batch.posts[decision.index]))
