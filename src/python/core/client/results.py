"""What the client returns: entries, pages, and how much of a limit is used."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic

from core.ledgers.operations import OperationT_co


@dataclass(frozen=True)
class UnknownOperation:
    """An operation that the client's enum lacks, because a newer release of the app has added it.

    `value` is its name in the ledger.
    """

    value: str


@dataclass(frozen=True)
class Entry(Generic[OperationT_co]):
    """An entry of the ledger. `amount` is in credits; `created_on` is in UTC."""

    id: int
    operation: OperationT_co | UnknownOperation
    amount: int
    nonce: str
    owner_id: str
    created_on: datetime


@dataclass(frozen=True)
class PostedEntry(Entry[OperationT_co], Generic[OperationT_co]):
    """An entry that this client has posted, after which its owner has `balance` credits.

    `balance` is None if the answer with it was lost and could not be read again. The entry is
    posted all the same.
    """

    operation: OperationT_co
    balance: int | None


@dataclass(frozen=True)
class HistoryEntry(Entry[OperationT_co], Generic[OperationT_co]):
    """An entry of an owner's history, after which the owner had `balance` credits."""

    balance: int


@dataclass(frozen=True)
class HistoryPage(Generic[OperationT_co]):
    """Some of an owner's entries. `next` is the cursor of the next page; None for the last one."""

    entries: tuple[HistoryEntry[OperationT_co], ...]
    next: str | None


@dataclass(frozen=True)
class LimitUsage(Generic[OperationT_co]):
    """An owner has had `operation` posted `used` times in this period, and may have `allowed`.

    `resets_at` is the end of the period, in UTC; None if the limit has no periods.
    """

    operation: OperationT_co | UnknownOperation
    used: int
    allowed: int
    resets_at: datetime | None
