"""How often owners have had limited operations posted in the current periods."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic

from core.ledgers.ledger import Ledger
from core.ledgers.limits import Limit, Usage
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import StoredEntry
from core.ledgers.requests import Key
from core.storage.arrays import array
from core.storage.entries import stored_entry
from core.storage.event_loop_connection import Row
from core.storage.positions import last_entry
from core.storage.session import Statement
from core.storage.statement_text import names_of, prepared

CLOCK = "clock_timestamp()"
"""The SQL expression of the time by which limits are decided."""

# A period is named by its date in the limit's time zone. An hour is named by its beginning in UTC,
# because local clocks show an hour twice when they are set back.
_NAMES = {"day": "YYYY-MM-DD", "week": 'IYYY-"W"IW', "month": "YYYY-MM"}
_HOUR = 'YYYY-MM-DD"T"HH24:MI"Z"'
_EVER = "ever"  # not a format: without a unit, to_char returns null


def period_at(time: str, unit: str, zone: str, name: str) -> str:
    """The SQL expression of the name of the period that a time is in.

    The arguments are SQL expressions, too: of the time and, as LimitUsage has them, of the limit.
    The unit is null for a limit without a period.
    """
    return f"""CASE {unit}
      WHEN 'hour' THEN to_char(date_trunc('hour', {time}, {zone}) AT TIME ZONE 'UTC', {name})
      ELSE coalesce(to_char(date_trunc({unit}, {time} AT TIME ZONE {zone}), {name}), {name})
    END"""


def period_of_entry(ledger: Ledger[OperationT], time: str) -> str:
    """The SQL expression of the period in which a time is, by the limit of an entry's operation.

    It is null without a limit. Names are in braces; the parameters are `period_parameters`.
    """
    periods = " ".join(
        f"WHEN %(operation_{n})s THEN "
        + period_at(time, f"%(unit_{n})s::text", f"%(zone_{n})s", f"%(name_{n})s")
        for n in range(len(ledger.limits))
    )
    return f"CASE {{operation}}::text {periods} END" if periods else "NULL"


def period_parameters(ledger: Ledger[OperationT]) -> dict[str, object]:
    parameters: dict[str, object] = {}
    for n, (operation, limit) in enumerate(ledger.limits.items()):
        parameters[f"operation_{n}"] = operation.value
        parameters[f"unit_{n}"] = limit.per
        parameters[f"zone_{n}"] = limit.timezone
        parameters[f"name_{n}"] = name_of_period(limit)
    return parameters


def _beginning(local: str) -> str:
    """The SQL expression of the time at which the date begins in `zone` whose midnight is `local`.

    Where clocks are set back from 01:00 to 00:00, midnight comes twice. PostgreSQL takes the later
    one, but the date, and so the name of the period, changes at the earlier one: right after the
    last microsecond of the previous date.
    """
    tick = "interval '1 microsecond'"
    return f"least(({local}) AT TIME ZONE zone, ({local} - {tick}) AT TIME ZONE zone + {tick})"


_PERIODS = f"""
limited AS (
  SELECT operation, allowed, nullif(unit, '') AS unit, zone, name
  FROM unnest($3, $4, $5, $6, $7) AS limited (operation, allowed, unit, zone, name)
), clock AS MATERIALIZED (
  SELECT {{clock}} AS moment
), period AS MATERIALIZED (
  SELECT operation, allowed,
    {period_at('moment', 'unit', 'zone', 'name')} AS period,
    coalesce(starts, '-infinity') AS starts,
    CASE unit
      WHEN 'hour' THEN starts + interval '1 hour'
      ELSE {_beginning("local + ('1 ' || unit)::interval")}
    END AS ends
  FROM limited CROSS JOIN clock
  CROSS JOIN LATERAL (SELECT date_trunc(unit, moment AT TIME ZONE zone)) AS first (local)
  CROSS JOIN LATERAL (
    SELECT CASE unit
      WHEN 'hour' THEN date_trunc('hour', moment, zone)
      ELSE {_beginning('local')}
    END
  ) AS start (starts)
)
"""

# A period's latest recorded use has the number of uses until then. Entries since then count, too:
# the limit may have been declared after them, or an older release may have posted them. They need
# not be read if the limit is reached without them. Each use that is recorded counts those before
# it, so an entry is read once rather than for each post.
_USAGES = "WITH" + _PERIODS + """
SELECT asked.owner_id, asked.operation, moment,
  coalesce(recorded.number, 0) + counted.number, period.period, period.ends,
  latest.{id}, latest.{operation}::text, latest.{amount}, latest.{nonce}, latest.{owner_id},
  latest.{created_on}
FROM unnest($1, $2) AS asked (owner_id, operation)
JOIN period USING (operation)
CROSS JOIN clock
LEFT JOIN LATERAL (
  SELECT {number} AS number, {entry_id} AS entry_id FROM {uses} AS used
  WHERE used.{owner_id} = asked.owner_id
    AND used.{operation} = asked.operation AND used.{period} = period.period
  ORDER BY {number} DESC LIMIT 1
) AS recorded ON true
CROSS JOIN LATERAL (
  SELECT count(*) AS number, max(entry.{id}) AS entry_id FROM {entries} AS entry
  WHERE coalesce(recorded.number, 0) < period.allowed
    AND entry.{owner_id} = asked.owner_id
    AND entry.{operation} = asked.operation::{operation_type}
    AND entry.{id} > greatest({before}, recorded.entry_id)
) AS counted
LEFT JOIN {entries} AS latest ON latest.{id} = greatest(recorded.entry_id, counted.entry_id)
"""


@dataclass(frozen=True)
class CurrentUsage(Generic[OperationT]):
    """The usages at `moment`, and the latest entry that counts towards each, by its key."""

    moment: datetime | None  # None if none were asked for
    usages: dict[tuple[str, OperationT], Usage]
    entries: dict[Key, StoredEntry[OperationT]]


class LimitUsage(Generic[OperationT]):
    """The statement that reads usages, its parameters, and what its rows mean.

    `clock` is the SQL expression of the current time, which tests replace.
    """

    def __init__(self, ledger: Ledger[OperationT], *, clock: str) -> None:
        self._ledger = ledger
        names = names_of(ledger)
        before = last_entry("asked.owner_id", "period.starts", inclusive=False).format(**names)
        self.statement = prepared(
            "usages",
            _USAGES.format(**names, before=before, clock=clock),
            owners="text[]",
            operations="text[]",
            limited="text[]",
            allowed="int[]",
            units="text[]",
            zones="text[]",
            names="text[]",
        )
        limits = ledger.limits
        self._limits = {
            "limited": array(operation.value for operation in limits),
            "allowed": array(str(limit.count) for limit in limits.values()),
            "units": array(limit.per or "" for limit in limits.values()),
            "zones": array(limit.timezone for limit in limits.values()),
            "names": array(name_of_period(limit) for limit in limits.values()),
        }

    @property
    def to_prepare(self) -> tuple[Statement, ...]:
        """What sessions have to prepare: nothing for a ledger without limits."""
        return (self.statement,) if self._ledger.limits else ()

    def parameters(self, asked: Iterable[tuple[str, OperationT]]) -> dict[str, str]:
        """`asked` has pairs of an owner and a limited operation."""
        asked = list(asked)
        return {
            "owners": array(owner_id for owner_id, _ in asked),
            "operations": array(operation.value for _, operation in asked),
            **self._limits,
        }

    def current(self, rows: Sequence[Row]) -> CurrentUsage[OperationT]:
        usages: dict[tuple[str, OperationT], Usage] = {}
        entries: dict[Key, StoredEntry[OperationT]] = {}
        for owner_id, operation, _, used, period, ends, *latest in rows:
            key: Key | None = None
            if latest[0] is not None:
                entry = stored_entry(self._ledger, *latest)
                key = entry.owner_id, entry.nonce
                entries[key] = entry
            limited = owner_id, self._ledger.operations(operation)
            usages[limited] = Usage(used, period, ends, key)
        return CurrentUsage(rows[0][2], usages, entries)


def name_of_period(limit: Limit) -> str:
    """Returns the format of a period's name, for PostgreSQL's to_char, or the name itself."""
    return _EVER if limit.per is None else _NAMES.get(limit.per, _HOUR)
