"""Findings: the places where a ledger's books break a rule of the ledger."""

from dataclasses import dataclass
from typing import Literal

Rule = Literal["balance", "overdraft", "amount", "order", "limit", "limit_use"]
"""The rules that verification checks, by names that are stable across releases.

- balance: a balance is the sum of its owner's entries
- overdraft: it has never been negative
- amount: an entry's amount is one that its operation can have had
- order: an owner's times do not go back as its ids go forward, so that as-of balances are right
- limit: a limit is kept
- limit_use: what counts towards a limit is an entry of the same owner and operation, counted once
"""


@dataclass(frozen=True)
class Finding:
    """What is wrong, where. `entry_id` is None if it is not about one entry."""

    rule: Rule
    owner_id: str
    entry_id: int | None
    text: str

    def __str__(self) -> str:
        entry = "" if self.entry_id is None else f", entry {self.entry_id}"
        # repr, because an owner_id may have characters that a terminal would obey.
        return f"{self.rule}: owner {self.owner_id!r}{entry}: {self.text}"
