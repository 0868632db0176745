"""The outcomes of posting: what the store returns for each post or batch."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic

from core.ledgers.errors import OwnerIsBusy
from core.ledgers.operations import OperationT, OperationT_co
from core.ledgers.requests import Post


@dataclass(frozen=True)
class Entry(Generic[OperationT_co]):
    """An entry as stored. `amount` is in credits; `created_on` is in UTC."""

    id: int
    operation: OperationT_co
    amount: int
    nonce: str
    owner_id: str
    created_on: datetime


@dataclass(frozen=True)
class NewerEntry:
    """An entry of an operation that only a newer release of the app has."""

    id: int
    operation: str
    amount: int
    nonce: str
    owner_id: str
    created_on: datetime


StoredEntry = Entry[OperationT] | NewerEntry


@dataclass(frozen=True)
class Posted(Generic[OperationT_co]):
    """The post was written as `entry`, after which the owner has `balance` credits."""

    entry: Entry[OperationT_co]
    balance: int


@dataclass(frozen=True)
class Duplicate(Generic[OperationT_co]):
    """The owner has already used the nonce of `post`, for `original`. Nothing was written.

    `reused` means that it was used for another operation or quantity: a mistake, not a retry.
    """

    original: StoredEntry[OperationT_co]
    post: Post[OperationT_co]
    reused: bool


@dataclass(frozen=True)
class Insufficient:
    """The owner's `balance` does not cover `amount`.

    Nothing was written, and the nonce can still be used.
    """

    amount: int
    balance: int


@dataclass(frozen=True)
class BalanceTooHigh:
    """The owner's `balance` and `amount` together are more credits than can be stored.

    Nothing was written, and the nonce can still be used.
    """

    amount: int
    balance: int


@dataclass(frozen=True)
class LimitReached(Generic[OperationT_co]):
    """The owner has had `operation` posted `allowed` times, the most that its limit allows.

    It may be posted again at `resets_at`, if that is not None. `latest` is the latest of the
    entries; it is None if they are all in the refused batch itself. Nothing was written, and the
    nonce can still be used.
    """

    operation: OperationT_co
    allowed: int
    resets_at: datetime | None
    latest: StoredEntry[OperationT_co] | None


Refusal = Duplicate[OperationT] | LimitReached[OperationT] | Insufficient | BalanceTooHigh
Outcome = Posted[OperationT] | Refusal[OperationT]
"""The outcome of a single post."""


@dataclass(frozen=True)
class BatchPosted(Generic[OperationT_co]):
    """Every post of the batch was written, in order."""

    posted: tuple[Posted[OperationT_co], ...]


@dataclass(frozen=True)
class BatchRefused(Generic[OperationT_co]):
    """Nothing was written, because of `refusal`. `index` is the first post that was refused."""

    index: int
    refusal: Refusal[OperationT_co]


@dataclass(frozen=True)
class BatchRepeated(Generic[OperationT_co]):
    """Nothing was written, because every post of the batch was posted before, as `entries`.

    A batch of a single post has BatchRefused with a Duplicate instead.
    """

    entries: tuple[Entry[OperationT_co], ...]


@dataclass(frozen=True)
class OwnerBusy:
    """Nothing was written, because another transaction held the lock on an owner for too long."""

    def error(self) -> OwnerIsBusy:
        return OwnerIsBusy(
            "Another transaction holds the lock on this owner; try again with the same nonce"
        )


BatchOutcome = (
    BatchPosted[OperationT] | BatchRefused[OperationT] | BatchRepeated[OperationT] | OwnerBusy
)
"""The outcome of a batch."""
