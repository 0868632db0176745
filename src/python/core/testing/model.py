"""A model of a ledger in plain Python, which predicts the outcome of each post."""

from datetime import datetime
from typing import Any, NamedTuple

from typing_extensions import assert_never

from core.ledgers.ledger import Ledger
from core.ledgers.outcomes import (
    BalanceTooHigh,
    BatchOutcome,
    BatchPosted,
    BatchRefused,
    BatchRepeated,
    Duplicate,
    Insufficient,
    LimitReached,
    Outcome,
    OwnerBusy,
    Posted,
)
from core.ledgers.posting import MAX_BALANCE
from core.ledgers.requests import Batch, Key, Post
from core.testing.calendar_periods import period_of


class ModelEntry(NamedTuple):
    operation: object
    amount: int
    created_on: datetime


class ModelLedger:
    """Decides each post, one at a time, at the time `now`."""

    def __init__(self, ledger: Ledger[Any], now: datetime) -> None:
        self._ledger = ledger
        self.now = now
        self.balances: dict[str, int] = {}
        self.entries: dict[Key, ModelEntry] = {}  # in the order in which they are posted

    def post(self, post: Post[Any], *, latest_among: dict[Key, ModelEntry] | None = None) -> str:
        """Returns the expected outcome, in the words of `described`.

        If it is that a limit is reached, its latest entry is one of `latest_among`.
        """
        if post.key in self.entries:
            original = self.entries[post.key]
            return f"{'retry' if self._is_retry(post) else 'reuse'} of {original.operation}"
        if limit := self._ledger.limits.get(post.operation):
            uses = self._uses(post, self.entries)
            if len(uses) >= limit.count:
                latest = self._uses(post, self.entries if latest_among is None else latest_among)
                end = period_of(limit, self.now).end
                return f"limit until {end} since {latest[-1] if latest else None}"
        balance = self.balances.get(post.owner_id, 0)
        amount = self._ledger.amounts[post.operation] * post.quantity
        if balance + amount < 0:
            return f"insufficient: {amount} of {balance}"
        if balance + amount > MAX_BALANCE:
            return f"too much: {amount} on {balance}"
        self.entries[post.key] = ModelEntry(post.operation, amount, self.now)
        self.balances[post.owner_id] = balance + amount
        return f"posted: {amount} makes {balance + amount} at {self.now}"

    def post_batch(self, batch: Batch[Any]) -> str:
        """Returns the expected outcome of a batch, in the words of `described_batch`."""
        if len(batch.posts) > 1 and all(self._is_retry(post) for post in batch.posts):
            return "all were posted before"
        balances, entries = dict(self.balances), dict(self.entries)
        for index, post in enumerate(batch.posts):
            outcome = self.post(post, latest_among=entries)
            if not outcome.startswith("posted"):
                self.balances, self.entries = balances, entries
                return f"entry {index} is {outcome}"
        return "all are posted"

    def balance_as_of(self, owner_id: str, time: datetime) -> int:
        return sum(
            entry.amount
            for (owner, _), entry in self.entries.items()
            if owner == owner_id and entry.created_on <= time
        )

    def _is_retry(self, post: Post[Any]) -> bool:
        original = self.entries.get(post.key)
        if original is None or original.operation is not post.operation:
            return False
        per_unit = self._ledger.per_unit.get(post.operation)
        units = () if per_unit is None else (per_unit.amount, *per_unit.formerly)
        return not units or original.amount in [unit * post.quantity for unit in units]

    def _uses(self, post: Post[Any], entries: dict[Key, ModelEntry]) -> list[str]:
        """Returns the nonces of the entries that count towards the limit of `post`."""
        period = period_of(self._ledger.limits[post.operation], self.now)
        return [
            nonce
            for (owner_id, nonce), entry in entries.items()
            if (owner_id, entry.operation) == (post.owner_id, post.operation)
            and entry.created_on in period
        ]


def described_batch(outcome: BatchOutcome[Any]) -> str:
    match outcome:
        case BatchPosted():
            return "all are posted"
        case BatchRefused(index, refusal):
            return f"entry {index} is {described(refusal)}"
        case BatchRepeated():
            return "all were posted before"
        case OwnerBusy():
            return "busy"
        case _:
            assert_never(outcome)


def described(outcome: Outcome[Any]) -> str:
    match outcome:
        case Posted(entry, balance):
            return f"posted: {entry.amount} makes {balance} at {entry.created_on}"
        case Duplicate(original, _, reused):
            return f"{'reuse' if reused else 'retry'} of {original.operation}"
        case LimitReached(_, _, resets_at, latest):
            return f"limit until {resets_at} since {latest.nonce if latest else None}"
        case Insufficient(amount, balance):
            return f"insufficient: {amount} of {balance}"
        case BalanceTooHigh(amount, balance):
            return f"too much: {amount} on {balance}"
        case _:
            assert_never(outcome)
