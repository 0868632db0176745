"""Limits hold in calendar periods of a time zone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from core.ledgers.ledger import once_per
from core.ledgers.limits import Limit
from core.ledgers.outcomes import LimitReached, Posted
from core.storage.limited_store import NOON, REWARD, limited, post
from core.testing.databases import changeable_entries, execute

MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize(
    "limit, begin, end",
    [
        (once_per("hour"), "2026-11-25T12:00Z", "2026-11-25T13:00Z"),
        (once_per("hour", timezone="Asia/Kolkata"), "2026-11-25T11:30Z", "2026-11-25T12:30Z"),
        # The clocks of Berlin show the hour from 2 to 3 twice.
        (once_per("hour", timezone="Europe/Berlin"), "2026-10-25T00:00Z", "2026-10-25T01:00Z"),
        (once_per("hour", timezone="Europe/Berlin"), "2026-10-25T01:00Z", "2026-10-25T02:00Z"),
        (once_per("day"), "2026-11-25T00:00Z", "2026-11-26T00:00Z"),
        # Days of 23 and of 25 hours.
        (once_per("day", timezone="Europe/Berlin"), "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
        (once_per("day", timezone="Europe/Berlin"), "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
        # These clocks are set back from 01:00 to 00:00, so that midnight comes twice.
        (once_per("day", timezone="Atlantic/Azores"), "2026-10-24T00:00Z", "2026-10-25T00:00Z"),
        (once_per("day", timezone="Atlantic/Azores"), "2026-10-25T00:00Z", "2026-10-26T01:00Z"),
        (once_per("month", timezone="America/Havana"), "2026-10-01T04:00Z", "2026-11-01T04:00Z"),
        (once_per("day", timezone="America/Havana"), "2026-10-31T04:00Z", "2026-11-01T04:00Z"),
        # The clocks of Cairo are set forward from 00:00 to 01:00, so that midnight is skipped.
        (once_per("day", timezone="Africa/Cairo"), "2026-04-23T22:00Z", "2026-04-24T21:00Z"),
        (once_per("week"), "2026-12-28T00:00Z", "2027-01-04T00:00Z"),
        (once_per("month", timezone="Europe/Berlin"), "2026-09-30T22:00Z", "2026-10-31T23:00Z"),
    ],
)
def test_a_period_lasts_from_its_first_to_its_last_microsecond(
    url: SecretStr, limit: Limit, begin: str, end: str
) -> None:
    first, after = _time(begin), _time(end)
    with limited(url, {REWARD: limit}) as (store, set_clock):
        set_clock(first - MICROSECOND)
        assert isinstance(post(store, "before"), Posted)
        set_clock(first)
        posted = post(store, "1")
        assert isinstance(posted, Posted) and posted.entry.created_on == first
        for time in (first, after - MICROSECOND):
            set_clock(time)
            assert post(store, "2") == LimitReached(REWARD, 1, after, posted.entry)
        # Without a record of its use, an entry counts by its time.
        with changeable_entries(url, "sample"):
            execute(url, "DELETE FROM sample.ledger_limit_use")
        usage = store.usages("ann")[REWARD]
        assert (usage.used, usage.latest) == (1, ("ann", "1"))
        set_clock(after)
        assert isinstance(post(store, "2"), Posted)  # the nonce is still unused


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M%z")


@pytest.mark.parametrize(
    "before, after",
    [
        ("UTC", "Pacific/Auckland"),
        ("Pacific/Auckland", "UTC"),
        ("America/Los_Angeles", "Pacific/Kiritimati"),
        ("Pacific/Kiritimati", "America/Los_Angeles"),
        ("Europe/Berlin", "Asia/Kolkata"),
    ],
)
def test_no_calendar_date_is_paid_twice_when_the_time_zone_changes(
    url: SecretStr, before: str, after: str
) -> None:
    paid: list[str] = []
    for start, zone in ((0, before), (12, after)):
        with limited(url, {REWARD: once_per("day", timezone=zone)}) as (store, set_clock):
            for step in range(start, start + 12):
                time = NOON + timedelta(hours=5 * step)
                set_clock(time)
                if isinstance(post(store, f"{step}"), Posted):
                    paid.append(time.astimezone(ZoneInfo(zone)).date().isoformat())
    assert len(paid) == len(set(paid)) > 3
