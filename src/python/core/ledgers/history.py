"""An owner's history: its entries with the balance after each, and its balances in the past."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal

from core.ledgers.operations import OperationT, OperationT_co
from core.ledgers.outcomes import StoredEntry

Order = Literal["asc", "desc"]

MAX_PAGE = 200  # entries
DEFAULT_PAGE = 50


@dataclass(frozen=True)
class EntryWithBalance(Generic[OperationT]):
    """An entry, and the credits that the owner had after it."""

    entry: StoredEntry[OperationT]
    balance: int


@dataclass(frozen=True)
class Selection(Generic[OperationT_co]):
    """Which of an owner's entries to read, and in which order: `asc` is oldest first.

    Without `operations`, entries of all operations are selected. Times are with a time zone:
    entries are from `since` on, and before `until`.
    """

    order: Order = "desc"
    operations: tuple[OperationT_co, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Place:
    """Where a page of a selection begins, and the owner's balance there.

    It is after the entry with the id `position`, and before those with higher ids.
    """

    position: int
    balance: int


@dataclass(frozen=True)
class Page(Generic[OperationT]):
    """Some of the entries of a selection, in its order. `next` is None if they are the last."""

    entries: tuple[EntryWithBalance[OperationT], ...]
    next: Place | None


@dataclass(frozen=True)
class PastBalance:
    """An owner's balance at some time, after the entry with the id `entry_id`, if there was one."""

    balance: int
    entry_id: int | None
