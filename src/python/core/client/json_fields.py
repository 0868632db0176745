"""Reads the fields of a JSON object, each as the type that it must have."""

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import TypeVar, cast

ValueT = TypeVar("ValueT")


class Fields:
    """The fields of `value`.

    Every method raises ValueError if `value` is not an object, or if the field is missing or has
    another type.
    """

    def __init__(self, value: object) -> None:
        if not isinstance(value, Mapping):
            raise ValueError(f"{value!r} is not an object")
        self._fields: Mapping[object, object] = value

    def text(self, name: str) -> str:
        return self._typed(name, str)

    def integer(self, name: str) -> int:
        value = self._typed(name, int)
        if isinstance(value, bool):
            raise ValueError(f"{name} is {value!r}, not an integer")
        return value

    def instant(self, name: str) -> datetime:
        """Returns the time in UTC."""
        text = self.text(name)
        # Python 3.10 does not know Z.
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)

    def nested(self, name: str) -> "Fields":
        return Fields(self._value(name))

    def nested_list(self, name: str) -> "list[Fields]":
        values = cast(list[object], self._typed(name, list))
        return [Fields(value) for value in values]

    def optional(self, name: str, read: Callable[[str], ValueT]) -> ValueT | None:
        """Returns None if the field is missing or null, and otherwise what `read` returns."""
        return None if self._fields.get(name) is None else read(name)

    def _typed(self, name: str, kind: type[ValueT]) -> ValueT:
        value = self._value(name)
        if not isinstance(value, kind):
            raise ValueError(f"{name} is {value!r}, not of type {kind.__name__}")
        return value

    def _value(self, name: str) -> object:
        if name not in self._fields:
            raise ValueError(f"{name} is missing")
        return self._fields[name]
