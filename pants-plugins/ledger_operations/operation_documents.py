"""Reads docs/operations/<app>.json, and describes an operation's amount and limit.

The script price-changes uses it too, so it needs nothing but Python.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Optional

FOLDER = "docs/operations"
Operation = Dict[str, Any]


class Malformed(Exception):
    """The text is not a valid document of operations."""


def operations_of(text: str) -> dict[str, Operation]:
    """Returns the operations by name. Raises Malformed if the document is not valid."""
    try:
        return {each["operation"]: each for each in json.loads(text)["operations"]}
    except (ValueError, KeyError, TypeError) as error:
        raise Malformed from error


def write_documents(app: str) -> str:
    """Returns the command that writes the app's documents."""
    return f"./pants run src/python/apps/{app}:service -- documents"


def described(operation: Operation) -> str:
    limited = f", {limit(operation['limit'])}" if operation["limit"] else ""
    return amount(operation) + limited


def amount(operation: Operation) -> str:
    text, units = number(operation["amount"]), operation["per_unit"]
    return f"{text} a unit, at most {number(units['at_most'])} units" if units else text


def limit(limited: Operation) -> str:
    return f"at most {number(limited['count'])} {period(limited)}"


def period(limited: Operation) -> str:
    per: Optional[str] = limited["per"]
    if per is None:
        return "ever"
    text = f"{'an' if per == 'hour' else 'a'} {per}"
    return text if limited["timezone"] == "UTC" else f"{text} ({limited['timezone']})"


def number(value: int) -> str:
    return f"{value:,}".replace("-", "−")
