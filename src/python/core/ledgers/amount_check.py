"""Checks amounts: which ones the entries of an operation can have had, and how many have each."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from core.ledgers.amounts import PerUnit
from core.ledgers.ledger import Ledger
from core.ledgers.operations import SHARED_OPERATIONS, OperationT

MOST_AMOUNTS = 100
"""How many amounts of an operation are counted each on its own, to bound memory and the report."""

_OTHERS = "other amounts"
_IMPOSSIBLE = "impossible"


@dataclass(frozen=True)
class AmountCount:
    """How many entries of an operation have an amount. `remark` is empty for today's amount."""

    operation: str
    amount: str
    entries: int
    remark: str = ""


class AmountCheck(Protocol):
    """The amounts of the entries of one operation."""

    def problem(self, amount: int) -> str | None:
        """Counts an entry with this amount. Returns why its operation cannot have had it."""
        ...

    def counts(self) -> Iterator[AmountCount]: ...


class AmountChecks(dict[str, AmountCheck]):
    """The checks of a ledger, by operation. An operation of a newer release has one, too."""

    def __init__(self, ledger: Ledger[OperationT]) -> None:
        super().__init__()
        for operation, amount in ledger.amounts.items():
            name = operation.value
            self[name] = (
                _PerUnitAmounts(name, ledger.per_unit[operation])
                if operation in ledger.per_unit
                else _FixedAmounts(name, amount, SHARED_OPERATIONS.get(operation.name, 0))
            )

    def __missing__(self, operation: str) -> AmountCheck:
        self[operation] = check = _UnknownAmounts(operation)
        return check

    def counts(self) -> list[AmountCount]:
        """Returns those of each operation that has entries, in the order of the enum."""
        return [count for check in self.values() for count in check.counts()]


class _EachAmount:
    """Counts the entries with each amount, as long as there are not too many amounts."""

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._entries: Counter[int] = Counter()
        self._others = 0

    def _count(self, amount: int) -> None:
        if amount in self._entries or len(self._entries) < MOST_AMOUNTS:
            self._entries[amount] += 1
        else:
            self._others += 1

    def _counted(self, remark: str) -> Iterator[AmountCount]:
        for amount, entries in sorted(self._entries.items()):
            yield AmountCount(self._operation, str(amount), entries, remark)
        if self._others:
            yield AmountCount(self._operation, _OTHERS, self._others, remark)


class _FixedAmounts(_EachAmount):
    """A release may have changed the amount, so any other amount is only counted.

    `shared` is the default amount of a shared operation, whose sign no app can change, or 0.
    """

    def __init__(self, operation: str, today: int, shared: int) -> None:
        super().__init__(operation)
        self._today = today
        self._shared = shared
        self._with_today = 0
        self._impossible = 0

    def problem(self, amount: int) -> str | None:
        if amount == self._today:
            self._with_today += 1
            return None
        if amount * self._shared < 0:
            self._impossible += 1
            verb = "adds" if self._shared > 0 else "takes"
            return f"{self._operation} {verb} credits in every app, but the amount is {amount}"
        self._count(amount)
        return None

    def counts(self) -> Iterator[AmountCount]:
        if self._with_today:
            yield AmountCount(self._operation, str(self._today), self._with_today)
        yield from self._counted("not today's amount")
        if self._impossible:
            yield AmountCount(self._operation, _IMPOSSIBLE, self._impossible, "of the wrong sign")


class _PerUnitAmounts:
    """An amount must be a multiple of a declared amount per unit: today's or a former one.

    Former values of `at_most` are not declared, and a release may have lowered it. So an entry of
    more units than today's `at_most` is only counted.
    """

    def __init__(self, operation: str, today: PerUnit) -> None:
        self._operation = operation
        self._today = today
        self._units = today.units
        self._within: Counter[int] = Counter()
        self._beyond: Counter[int] = Counter()
        self._impossible = 0

    def problem(self, amount: int) -> str | None:
        beyond: int | None = None
        for unit in self._units:
            quantity, rest = divmod(amount, unit)
            if rest == 0 and quantity >= 1:
                if quantity <= self._today.at_most:
                    self._within[unit] += 1
                    return None
                beyond = unit if beyond is None else beyond
        if beyond is not None:
            self._beyond[beyond] += 1
            return None
        self._impossible += 1
        return (
            f"the amount {amount} is not a multiple of "
            f"{' or '.join(map(str, self._units))}, the credits for each unit of "
            f"{self._operation}, today and formerly; if a release changed them, add the former "
            "amount to formerly"
        )

    def counts(self) -> Iterator[AmountCount]:
        for unit in self._units:
            remark = "" if unit == self._today.amount else "a former amount"
            beyond = f"more than {self._today.at_most} units"
            for entries, text in (
                (self._within[unit], remark),
                (self._beyond[unit], ", ".join(filter(None, (remark, beyond)))),
            ):
                if entries:
                    yield AmountCount(self._operation, f"{unit} per unit", entries, text)
        if self._impossible:
            yield AmountCount(self._operation, _IMPOSSIBLE, self._impossible, "not a multiple")


class _UnknownAmounts(_EachAmount):
    """An operation that this release does not have, so that any amount is possible."""

    def problem(self, amount: int) -> str | None:
        self._count(amount)
        return None

    def counts(self) -> Iterator[AmountCount]:
        return self._counted("an operation that this release does not have")
