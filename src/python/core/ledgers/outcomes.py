"""What became of a post or of a batch of them, as the store returns it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic

from core.ledgers.errors import DatabaseUnavailable
from core.ledgers.operations import OperationT
from core.ledgers.requests import Post


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


Refusal = Duplicate[OperationT] | Insufficient
Outcome = Posted[OperationT] | Refusal[OperationT]
"""Of a single post."""


@dataclass(frozen=True)
class BatchPosted(Generic[OperationT]):
    """All of the batch was posted, in order."""

    posted: tuple[Posted[OperationT], ...]


@dataclass(frozen=True)
class BatchRefused(Generic[OperationT]):
    """Nothing of the batch was written, because of its post at `index`: the first refused one."""

    index: int
    refusal: Refusal[OperationT]


@dataclass(frozen=True)
class OwnerBusy:
    """Nothing of the batch was written: another transaction locked one of its owners too long."""

    def error(self) -> DatabaseUnavailable:
        return DatabaseUnavailable(
            "Another transaction holds this owner; try again, with the same nonce"
        )


BatchOutcome = BatchPosted[OperationT] | BatchRefused[OperationT] | OwnerBusy
