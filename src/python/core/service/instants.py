"""Times in query strings: RFC 3339 with an offset, https://www.rfc-editor.org/rfc/rfc3339."""

import re
from datetime import datetime, timedelta, timezone
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

# A `+` that is not percent-encoded arrives as a space, including the one of an offset. Years have
# four digits in every time zone.
_INSTANT = (
    r"(([1-8][0-9]{3}|9[0-8][0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]))[Tt ]"
    r"(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])(\.[0-9]+)?"
    r"([Zz]|([+ -])(([01][0-9]|2[0-3]):[0-5][0-9]))"
)
_PARTS = re.compile(_INSTANT)


def instant(value: object) -> datetime:
    """Returns the time in UTC. PostgreSQL's times have microseconds; further digits are ignored.

    Raises ValueError if `value` is not a time with an offset.
    """
    parts = _PARTS.fullmatch(value) if isinstance(value, str) else None
    try:
        if parts is None:
            raise ValueError(value)
        date, time, fraction, sign, offset = parts.group(1, 5, 7, 9, 10)
        local = datetime.fromisoformat(f"{date}T{time}")  # raises ValueError for February 30
    except ValueError:
        raise ValueError(
            "must be a date and a time with an offset, such as 2026-11-25T10:00:00+01:00 or "
            "2026-11-25T09:00:00Z, in a year from 1000 to 9899"
        ) from None
    local = local.replace(microsecond=int((fraction or ".")[1:7].ljust(6, "0")))
    hours, minutes = map(int, (offset or "00:00").split(":"))
    ahead = timedelta(hours=hours, minutes=minutes)
    return (local + (ahead if sign == "-" else -ahead)).replace(tzinfo=timezone.utc)


INSTANT_SCHEMA = {"type": "string", "format": "date-time", "pattern": f"^{_INSTANT}$"}

OptionalInstant = Annotated[
    datetime | None, PlainValidator(instant), WithJsonSchema(INSTANT_SCHEMA)
]
"""For a parameter that may be missing; its value is never null."""
