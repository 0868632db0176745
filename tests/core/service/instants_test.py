"""Times in query strings are those of RFC 3339, with an offset."""

import re
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.service.instants import INSTANT_SCHEMA, instant

NINE = datetime(2026, 11, 25, 9, tzinfo=timezone.utc)


def is_documented(text: str) -> bool:
    return re.search(INSTANT_SCHEMA["pattern"], text) is not None


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2026-11-25T09:00:00Z", NINE),
        ("2026-11-25t09:00:00z", NINE),
        ("2026-11-25 09:00:00Z", NINE),
        ("2026-11-25T10:00:00+01:00", NINE),
        ("2026-11-25T10:00:00 01:00", NINE),  # a plus sign that was not percent-encoded
        ("2026-11-25T03:30:00-05:30", NINE),
        ("2026-11-26T08:59:00+23:59", NINE),
        ("2026-11-25T09:00:00-00:00", NINE),
        ("2026-11-25T09:00:00.5Z", NINE.replace(microsecond=500_000)),
        ("2026-11-25T09:00:00.000001Z", NINE.replace(microsecond=1)),
        ("2026-11-25T09:00:00.0000019+00:00", NINE.replace(microsecond=1)),
        ("1000-01-01T00:00:00+23:59", datetime(999, 12, 31, 0, 1, tzinfo=timezone.utc)),
        ("9899-12-31T23:59:59-23:59", datetime(9900, 1, 1, 23, 58, 59, tzinfo=timezone.utc)),
    ],
)
def test_a_time_is_read_exactly(text: str, expected: datetime) -> None:
    assert instant(text) == expected and instant(text).utcoffset() == expected.utcoffset()
    assert is_documented(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1764061200",
        "2026-11-25",
        "2026-11-25T09:00:00",
        "2026-11-25T09:00Z",
        "2026-11-25T09:00:00+01",
        "2026-11-25T09:00:00+0100",
        "2026-11-25T09:00:00+24:00",
        "2026-11-25T09:00:00+01:60",
        "2026-11-25T09:00:00.Z",
        "2026-11-25T09:00:00,5Z",
        "2026-11-25T24:00:00Z",
        "2026-11-25T23:59:60Z",
        "2026-13-25T09:00:00Z",
        "2026-00-25T09:00:00Z",
        "2026-11-00T09:00:00Z",
        "0999-11-25T09:00:00Z",
        "9900-11-25T09:00:00Z",
        "12026-11-25T09:00:00Z",
        " 2026-11-25T09:00:00Z",
        "2026-11-25T09:00:00Z\n",
        "２０２６-11-25T09:00:00Z",
        "2026-11-25T09:00:00Z2026-11-25T09:00:00Z",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a date and a time with an offset"):
        instant(text)
    assert not is_documented(text) or text.endswith("\n")  # where Python's `$` matches, too


@pytest.mark.parametrize("day", ["02-29", "02-30", "04-31"])
def test_a_day_that_does_not_exist_is_refused(day: str) -> None:
    with pytest.raises(ValueError, match="must be a date"):
        instant(f"2026-{day}T09:00:00Z")


@settings(deadline=None)
@example(datetime(1996, 10, 26, tzinfo=ZoneInfo("Asia/Colombo")))
@given(
    st.datetimes(
        datetime(1001, 1, 1), datetime(9898, 1, 1), timezones=st.timezones() | st.just(timezone.utc)
    )
)
def test_every_time_that_python_writes_is_read(time: datetime) -> None:
    offset = time.utcoffset()
    if offset is None or offset.total_seconds() % 60:
        return  # some historical offsets have seconds, which RFC 3339 does not have
    # In UTC, because a time that its zone has twice equals none in another zone.
    assert instant(time.isoformat()) == time.astimezone(timezone.utc)
