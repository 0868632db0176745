"""The calendar periods of limits in plain Python, to compare those of the SQL with."""

from datetime import date, datetime, time, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

from core.ledgers.limits import Limit

MICROSECOND = timedelta(microseconds=1)


class CalendarPeriod(NamedTuple):
    """From `begin` on, and before `end`. Without a period, a limit is for ever: both are None."""

    begin: datetime | None
    end: datetime | None

    def __contains__(self, moment: object) -> bool:
        assert isinstance(moment, datetime)
        return (self.begin is None or self.begin <= moment) and (
            self.end is None or moment < self.end
        )


def period_of(limit: Limit, moment: datetime) -> CalendarPeriod:
    """Returns the period of `limit` that `moment` is in. Its bounds are in UTC."""
    if limit.per is None:
        return CalendarPeriod(None, None)
    zone = ZoneInfo(limit.timezone)
    local = moment.astimezone(zone)
    if limit.per == "hour":
        passed = timedelta(
            minutes=local.minute, seconds=local.second, microseconds=local.microsecond
        )
        begin = moment.astimezone(timezone.utc) - passed
        return CalendarPeriod(begin, begin + timedelta(hours=1))
    first, next_first = _dates(limit, local.date())
    begin, end = (
        datetime.combine(day, time(), zone).astimezone(timezone.utc) for day in (first, next_first)
    )
    return CalendarPeriod(begin, end)


def _dates(limit: Limit, day: date) -> tuple[date, date]:
    """Returns the first date of the period of `day`, and that of the next one."""
    if limit.per == "day":
        return day, day + timedelta(days=1)
    if limit.per == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(weeks=1)
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1)
