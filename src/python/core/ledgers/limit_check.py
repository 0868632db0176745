"""Checks limits: every use must be an entry of its owner, and no limit may be exceeded."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from core.ledgers.findings import Finding
from core.ledgers.ledger import Ledger
from core.ledgers.limits import Limit
from core.ledgers.operations import OperationT

LimitUse = tuple[str, int, str, str, int, int]
"""A recorded use: its owner, entry's id, operation, period, number, and how many are allowed."""


@dataclass(frozen=True)
class LimitCount:
    """How many entries of a limited operation count towards the limit, and how many do not."""

    operation: str
    limit: Limit
    counted: int
    not_counted: int
    """Posted before the limit was declared, or by a release without it."""


class LimitCounts:
    """Counts over all owners."""

    def __init__(self, ledger: Ledger[OperationT]) -> None:
        self.limits: Mapping[str, Limit] = {
            operation.value: limit for operation, limit in ledger.limits.items()
        }
        self.counted: Counter[str] = Counter()
        self.not_counted: Counter[str] = Counter()

    def counts(self) -> list[LimitCount]:
        return [
            LimitCount(operation, limit, self.counted[operation], self.not_counted[operation])
            for operation, limit in self.limits.items()
        ]


@dataclass
class _Period:
    """An owner's entries of an operation in a period."""

    allowed: int
    entries: int = 0
    unrecorded: int | None = None
    """The first entry without a use that comes after one with a use."""


class OwnerLimits:
    """The limits of one owner. `uses` are in the order of their entries' ids."""

    def __init__(self, owner_id: str, uses: Iterable[LimitUse], counts: LimitCounts) -> None:
        self._owner_id = owner_id
        self._uses = iter(uses)
        self._counts = counts
        self._next: LimitUse | None = None
        self.next_id: float = -math.inf
        """The id of the next use's entry; infinite if there is none."""
        self._periods: dict[tuple[str, str], _Period] = {}
        self._have_uses: set[str] = set()
        self._advance()

    def check(self, id_: int, operation: str, period: str | None) -> Iterator[Finding]:
        """Checks the uses up to this entry, in the order of the ids.

        Only entries with `next_id` or a `period`, in which a limit of today counts, need it.
        """
        yield from self._without_entry(before=id_)
        use: LimitUse | None = None
        while self._next is not None and self.next_id == id_:
            _, _, limited, _, number, allowed = self._next
            if limited != operation:
                yield self._use(id_, f"is {operation}, but counts towards the limit of {limited}")
            elif use is not None:
                yield self._use(id_, f"counts towards the limit of {limited} twice")
            else:
                use = self._next
            if not 1 <= number <= allowed:
                yield self._use(id_, f"is number {number} of {limited}, but {allowed} are allowed")
            self._advance()
        if period is not None:
            self._count(id_, operation, period, use)

    def end(self) -> Iterator[Finding]:
        """Yields what is known only after all of the owner's entries have been checked."""
        yield from self._without_entry(before=math.inf)
        for (operation, name), period in self._periods.items():
            if period.unrecorded is not None and period.entries > period.allowed:
                limit = self._counts.limits[operation]
                when = f"in the {limit.per} {name}" if limit.per else name
                yield Finding(
                    "limit",
                    self._owner_id,
                    period.unrecorded,
                    f"the owner has {period.entries} entries of {operation} {when}, of which "
                    f"{period.allowed} are allowed, and this one was not counted: an older "
                    "release has posted it, or a person by hand",
                )

    def _count(self, id_: int, operation: str, name: str, use: LimitUse | None) -> None:
        allowed = self._counts.limits[operation].count
        if use is not None:
            # The limit may have had another time zone, and have allowed more.
            _, _, _, name, _, then = use
            self._counts.counted[operation] += 1
            self._have_uses.add(operation)
            allowed = max(allowed, then)
        else:
            self._counts.not_counted[operation] += 1
        period = self._periods.setdefault((operation, name), _Period(allowed))
        period.allowed = max(period.allowed, allowed)
        period.entries += 1
        if use is None and operation in self._have_uses and period.unrecorded is None:
            period.unrecorded = id_

    def _without_entry(self, *, before: float) -> Iterator[Finding]:
        while self._next is not None and self.next_id < before:
            _, id_, operation, *_ = self._next
            yield self._use(id_, f"counts towards {operation}, but is not an entry of the owner")
            self._advance()

    def _advance(self) -> None:
        self._next = next(self._uses, None)
        self.next_id = math.inf if self._next is None else self._next[1]

    def _use(self, id_: int, text: str) -> Finding:
        return Finding("limit_use", self._owner_id, id_, text)
