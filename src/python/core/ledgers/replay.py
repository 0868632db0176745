"""Replays what was posted with other amounts and limits: which posts they would have refused.

A post that is refused counts as not posted for those that follow. Each entry is replayed on its
own, because a ledger does not say which entries were posted together.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Generic

from core.ledgers.decisions import AcceptBatch, RefuseBatch, RefuseOverdraft, RefuseUse
from core.ledgers.description import OperationDescription
from core.ledgers.errors import InvalidQuantity
from core.ledgers.ledger import Ledger
from core.ledgers.limits import Usage
from core.ledgers.operations import OperationT
from core.ledgers.posting import decide
from core.ledgers.requests import Batch, Post

PostedFacts = tuple[str, int, bool, str, int, str | None]
"""A posted entry: its owner; the owner's balance before all replayed posts; whether it is replayed,
or only counts towards a limit; its operation and amount; and the period of the operation's limit.
"""

Former = Mapping[str, OperationDescription]
"""The operations with which the entries were posted, by value."""

REMOVED = "unknown_operation"
_ANY_NONCE = "1"  # each post is decided on its own, so nonces cannot collide


@dataclass
class ReplayCount:
    """How many posts of an operation were replayed, and how many were refused, by error code."""

    posts: int = 0
    refused: Counter[str] = field(default_factory=Counter[str])


class Replay(Generic[OperationT]):
    """The replay with the amounts and limits of a ledger. Its attributes count what was added."""

    def __init__(self, ledger: Ledger[OperationT], former: Former | None = None) -> None:
        """`former` determines quantities; see `unclear_units` for when it is needed."""
        self._ledger = ledger
        self._operations = {operation.value: operation for operation in ledger.operations}
        self._units = _units_by_operation(ledger, former or {})
        self.counts: defaultdict[str, ReplayCount] = defaultdict(ReplayCount)
        self.owners = 0
        self.refused_owners = 0
        self.unknown_quantities = 0
        """How many posts have an amount that is not a multiple of the amount per unit.

        Each counts as one unit.
        """

    @property
    def posts(self) -> int:
        return sum(count.posts for count in self.counts.values())

    @property
    def refused(self) -> int:
        return sum(count.refused.total() for count in self.counts.values())

    def add(self, entries: Iterable[PostedFacts]) -> None:
        """Replays entries, which are in the order of their owners, and for each owner of the ids.

        All entries of an owner must be in one call.
        """
        for owner_id, of_owner in groupby(entries, itemgetter(0)):
            self.owners += 1
            self.refused_owners += self._replay_owner(owner_id, of_owner)

    def _replay_owner(self, owner_id: str, entries: Iterable[PostedFacts]) -> bool:
        """Returns whether a post of the owner is refused."""
        balance: int | None = None
        used: Counter[tuple[str, str | None]] = Counter()
        is_refused = False
        for _, opening, replayed, operation, amount, period in entries:
            limited = operation, period
            if not replayed:
                used[limited] += 1
                continue
            usage = Usage(used[limited], period or "", None, None)
            before = opening if balance is None else balance
            decided = self._decided(owner_id, operation, amount, before, usage)
            count = self.counts[operation]
            count.posts += 1
            if isinstance(decided, str):
                count.refused[decided] += 1
                is_refused = True
                balance = before
            else:
                used[limited] += 1
                balance = decided
        return is_refused

    def _decided(
        self, owner_id: str, value: str, amount: int, balance: int, usage: Usage
    ) -> int | str:
        """Returns the balance after the post, or the code with which it is refused."""
        operation = self._operations.get(value)
        if operation is None:
            return REMOVED
        quantity = self._quantity(value, amount)
        try:
            self._ledger.amount_of(operation, quantity)
        except InvalidQuantity as error:
            return error.code
        batch = Batch((Post(owner_id, operation, _ANY_NONCE, quantity),))
        usages = {(owner_id, operation): usage}
        [decision] = decide(self._ledger, [batch], {owner_id: balance}, {}, usages)
        match decision:
            case AcceptBatch((accepted,)):
                return accepted.balance
            case RefuseBatch(_, RefuseUse()):
                return "limit_reached"
            case RefuseBatch(_, RefuseOverdraft()):
                return "insufficient_balance"
            case _:
                return "balance_limit"

    def _quantity(self, operation: str, amount: int) -> int:
        units = self._units[operation]
        for unit in units:
            quantity, rest = divmod(amount, unit)
            if quantity >= 1 and not rest:
                return quantity
        self.unknown_quantities += bool(units)
        return 1


def unclear_units(ledger: Ledger[OperationT], former: Former | None) -> list[str]:
    """Returns the operations whose entries may have had one of several amounts per unit.

    An amount of -4 is two units of -2 or four of -1; only the amounts of that release tell which.
    """
    return [
        operation.value
        for operation, per_unit in ledger.per_unit.items()
        if per_unit.formerly and operation.value not in (former or {})
    ]


def _units_by_operation(ledger: Ledger[OperationT], former: Former) -> Mapping[str, Sequence[int]]:
    """Returns the amounts per unit that an entry may have had, the likeliest one first."""
    units: dict[str, Sequence[int]] = {}
    for operation in ledger.operations:
        described, per_unit = former.get(operation.value), ledger.per_unit.get(operation)
        now = () if per_unit is None else per_unit.units
        if described is None:
            units[operation.value] = now
        elif described["per_unit"] is None:
            units[operation.value] = ()
        else:
            then = described["amount"], *described["per_unit"]["formerly"]
            units[operation.value] = (*then, *now)
    return units
