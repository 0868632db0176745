"""Checks a ledger's books: its entries, balances and uses of limits, in the order of the owners.

One pass, in which only the facts of one owner's limits are kept.
"""

import math
from collections.abc import Generator, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from core.ledgers.amount_check import AmountChecks
from core.ledgers.findings import Finding
from core.ledgers.ledger import Ledger
from core.ledgers.limit_check import LimitCounts, LimitUse, OwnerLimits
from core.ledgers.operations import OperationT

EntryFacts = tuple[str, int, str, int, float, str | None]
"""An entry's owner, id, operation, amount, and time in seconds; and the period of today's limit.

The period is named as that of a use would be, and None if the operation has no limit.
"""
BalanceFacts = tuple[str, int]
"""An owner, and its balance."""


class Books:
    """The check of a ledger. The counts are complete once all findings have been taken."""

    def __init__(self, ledger: Ledger[OperationT]) -> None:
        self.owners = 0
        self.entries = 0
        self.amounts = AmountChecks(ledger)
        self.limits = LimitCounts(ledger)

    def findings(
        self,
        entries: Iterable[EntryFacts],
        balances: Iterable[BalanceFacts],
        uses: Iterable[LimitUse],
    ) -> Iterator[Finding]:
        """Yields each finding.

        All are in the order of the owners, by code points; entries and uses are also in that of
        the entries' ids.
        """
        for owner_id, (of_entries, of_balances, of_uses) in _by_owner(entries, balances, uses):
            self.owners += 1
            limits = OwnerLimits(owner_id, of_uses, self.limits)
            before = self.entries
            total = yield from self._of_entries(owner_id, of_entries, limits)
            yield from limits.end()
            balance = next((balance for _, balance in of_balances), None)
            if balance is None and self.entries > before:
                text = f"the balance is missing, but the sum of the entries is {total}"
                yield Finding("balance", owner_id, None, text)
            elif balance is not None and balance != total:
                text = f"the balance is {balance}, but the sum of the entries is {total}"
                yield Finding("balance", owner_id, None, text)

    def _of_entries(
        self, owner_id: str, entries: Iterable[EntryFacts], limits: OwnerLimits
    ) -> Generator[Finding, None, int]:
        """Yields the findings of an owner's entries, and returns the sum of their amounts."""
        amounts = self.amounts
        balance, last_id, last_time = 0, 0, -math.inf
        for _, id_, operation, amount, time, period in entries:
            self.entries += 1
            before = balance
            balance += amount
            if balance < 0 <= before:  # the balances after that are a consequence
                text = f"the balance after it is {balance}"
                yield Finding("overdraft", owner_id, id_, text)
            if problem := amounts[operation].problem(amount):
                yield Finding("amount", owner_id, id_, problem)
            if id_ == last_id:
                yield Finding("order", owner_id, id_, "another entry has the same id")
            if time < last_time:
                text = f"it is older than entry {last_id}, which has a lower id"
                yield Finding("order", owner_id, id_, text)
            if period is not None or limits.next_id <= id_:
                yield from limits.check(id_, operation, period)
            last_id, last_time = id_, time
        return balance


def _by_owner(
    *streams: Iterable[tuple[Any, ...]],
) -> Iterator[tuple[str, list[Iterable[Any]]]]:
    """Yields each owner, with its part of each stream. The streams are in the order of owners.

    The parts can be read only until the next owner is taken.
    """
    groups = [groupby(stream, key=itemgetter(0)) for stream in streams]
    heads = [next(group, None) for group in groups]
    while any(heads):
        owner_id: str = min(head[0] for head in heads if head)
        is_owner = [head is not None and head[0] == owner_id for head in heads]
        yield owner_id, [head[1] if head and its else () for head, its in zip(heads, is_owner)]
        heads = [
            next(group, None) if its else head for group, head, its in zip(groups, heads, is_owner)
        ]
