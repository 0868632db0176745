"""The rules of posting, pure: what happens to a batch of posts, given what the ledger holds.

Nothing here knows of SQL or HTTP. The store calls `decide` while it holds the owners' locks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.post import Key, Post


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
class Accept:
    """Write an entry of `amount`, which leaves `balance`."""

    amount: int
    balance: int


@dataclass(frozen=True)
class Repeat:
    """Write nothing: `key` is known, or is that of an earlier post in the same batch."""

    key: Key


Decision = Accept | Repeat | Insufficient


def decide(
    ledger: Ledger[OperationT],
    posts: Sequence[Post[OperationT]],
    balances: Mapping[str, int],
    known: Mapping[Key, object],
) -> list[Decision]:
    """Decides each of `posts`, in order, as if they arrived one after another.

    `balances` holds every owner in `posts`, `known` those of their keys that have an entry.
    A duplicate is decided before an overdraft: the replay of a spend that emptied the account
    is a duplicate. A refused post does not use up its nonce.

    Raises ForeignOperation for an operation of another app.
    """
    balance_of = dict(balances)
    used = set(known)
    decisions: list[Decision] = []
    for post in posts:
        amount = ledger.amount_of(post.operation)
        before = balance_of[post.owner_id]
        if post.key in used:
            decisions.append(Repeat(post.key))
        elif before + amount < 0:
            decisions.append(Insufficient(amount, before))
        else:
            used.add(post.key)
            balance_of[post.owner_id] = before + amount
            decisions.append(Accept(amount, before + amount))
    return decisions
