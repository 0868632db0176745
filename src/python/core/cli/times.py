"""Reads the options whose value is a time."""

import re
from datetime import datetime

import click
from pydantic import AwareDatetime, TypeAdapter


def time_option(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    """The callback of an option: returns its value as a time with an offset."""
    if value is None:
        return None
    try:
        if not re.match(r"\d{4}-\d\d-\d\d[Tt ]", value):  # Pydantic accepts numbers, too
            raise ValueError
        return TypeAdapter(AwareDatetime).validate_python(value)
    except ValueError:  # also Pydantic's ValidationError
        raise click.BadParameter(
            f"{value!r} is not a time with an offset, such as 2026-11-25T10:00:00+01:00"
        ) from None
