"""Decisions on posts and batches: what to write, or why nothing is written."""

from dataclasses import dataclass

from core.ledgers.limits import Usage
from core.ledgers.requests import Key


@dataclass(frozen=True)
class Use:
    """The entry is number `number` of the `allowed` ones in a limit's period."""

    period: str
    number: int
    allowed: int


@dataclass(frozen=True)
class AcceptPost:
    """Write an entry of `amount`, after which the owner has `balance`.

    Write its `use` too, if its operation is limited.
    """

    amount: int
    balance: int
    use: Use | None = None


@dataclass(frozen=True)
class AcceptBatch:
    """Write an entry for each post, in order."""

    posts: tuple[AcceptPost, ...]


@dataclass(frozen=True)
class RefuseDuplicate:
    """Write nothing: `key` already has an entry, or an earlier post in the group has the key.

    `reused` means that the entry is not what the post would have written.
    """

    key: Key
    reused: bool


@dataclass(frozen=True)
class RefuseUse:
    """Write nothing: the operation's limit is reached, as `usage` describes."""

    usage: Usage
    allowed: int


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


Reason = RefuseDuplicate | RefuseUse | RefuseOverdraft | RefuseExcess


@dataclass(frozen=True)
class RefuseBatch:
    """Write nothing: `reason` is why the post at `index` is refused."""

    index: int
    reason: Reason


@dataclass(frozen=True)
class RefuseRepeat:
    """Write nothing: each of the batch's several posts was posted before, as it is."""


Decision = AcceptBatch | RefuseBatch | RefuseRepeat
