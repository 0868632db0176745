"""Limits: how often an owner may have an operation posted, ever or in each period."""

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal, get_args
from zoneinfo import available_timezones

from core.ledgers.errors import DefinitionError
from core.ledgers.operations import BaseLedgerOperation, OperationT
from core.ledgers.requests import Key
from core.ledgers.tables import Problem, foreign

Period = Literal["hour", "day", "week", "month"]
PERIODS: tuple[Period, ...] = get_args(Period)

_MAX_COUNT = 2**31 - 1
_TIMEZONE = re.compile(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*")


@dataclass(frozen=True)
class Limit:
    """At most `count` entries of an operation for each owner: in each period or, without one, ever.

    Periods are calendar periods of the time zone. A week begins on Monday (ISO 8601).
    """

    count: int
    per: Period | None
    timezone: str

    def __post_init__(self) -> None:
        if problem := limit_problem(self.count, self.per, self.timezone):
            raise DefinitionError(problem)


@dataclass(frozen=True)
class Usage:
    """How often an owner has had an operation posted in the current period.

    `period` names it, `resets_at` is its end, if it has one, and `latest` the key of the latest of
    the entries, if there is one.
    """

    used: int
    period: str
    resets_at: datetime | None
    latest: Key | None


def once() -> Limit:
    """Returns the limit of an operation that each owner has at most one entry of."""
    return Limit(1, None, "UTC")


def once_per(period: Period, *, timezone: str = "UTC") -> Limit:
    """Returns the limit of an operation that each owner has at most one entry of in a period.

    Raises DefinitionError if `period` or `timezone` is not valid.
    """
    if problem := _period_problem(period):  # such as that of None, which Limit would accept
        raise DefinitionError(problem)
    return Limit(1, period, timezone)


def at_most(count: int, *, per: Period | None = None, timezone: str = "UTC") -> Limit:
    """Returns the limit of `count` entries of an operation for each owner in a period, or ever.

    Raises DefinitionError if `count`, `per` or `timezone` is not valid.
    """
    return Limit(count, per, timezone)


def limit_problem(count: object, per: object, timezone: object) -> str | None:
    """Returns the problem of a limit with these fields."""
    if type(count) is not int or not 1 <= count <= _MAX_COUNT:
        return f"a limit must be an integer from 1 to {_MAX_COUNT}, not {count!r}"
    if per is not None and (problem := _period_problem(per)):
        return problem
    if not isinstance(timezone, str) or not _is_timezone(timezone):
        return (
            f"{timezone!r} is not a time zone; use the name of one, such as 'UTC' or "
            "'Europe/Berlin'"
        )
    if per is None and timezone != "UTC":
        return (
            f"a limit without a period has no use for the time zone {timezone!r}: add per='day', "
            "for example, or remove the time zone"
        )
    return None


def _period_problem(per: object) -> str | None:
    if per in PERIODS:
        return None
    return f"a period must be one of {', '.join(map(repr, PERIODS))}, not {per!r}"


def limit_problems(
    operations: type[OperationT],
    limits: Mapping[OperationT, object],
    inherited: Container[str] = (),
) -> Iterator[Problem]:
    """Yields each problem of a ledger's limits.

    `inherited` has the names of the operations that the base limits, of which None removes the
    limit.
    """
    for operation, limit in limits.items():
        if text := foreign(operations, operation) or _limit_problem(operation, limit, inherited):
            yield Problem("limits", operation, False, text)


def _limit_problem(
    operation: BaseLedgerOperation, limit: object, inherited: Container[str]
) -> str | None:
    if isinstance(limit, Limit) or limit is None and operation.name in inherited:
        return None
    if limit is None:
        return f"{operation} has no limit in the base that could be removed; leave it out"
    return f"the limit of {operation} must be once(), once_per(...) or at_most(...), not {limit!r}"


@cache
def _known_timezones() -> frozenset[str]:
    return frozenset(available_timezones())  # which reads the system's database at each call


def _is_timezone(name: str) -> bool:
    if name == "UTC":
        return True
    # Without the system's database of time zones, only PostgreSQL can tell: see DatabaseCheck.
    return _TIMEZONE.fullmatch(name) is not None and name in (_known_timezones() or (name,))
