"""The formats of a log line: text, or a JSON object. Logged text cannot forge another line."""

import json
import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, Literal

from core.logs.current_requests import current_requests

LogFormat = Literal["text", "json"]

_MAX_IDS = 100  # of a group, so that a line stays readable
# What could end a line, or make a terminal hide it. Includes the separators U+2028 and U+2029.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class TextLines(logging.Formatter):
    """A line for people. A traceback follows it, indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s%(requests)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        ids = _request_ids()
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        values = {
            "asctime": self.formatTime(record),
            "levelname": record.levelname,
            "name": record.name,
            "requests": f" [{' '.join(ids)}]" if ids else "",
            "message": _escaped(" ".join(filter(None, (record.getMessage(), fields)))),
        }
        lines = [str(self._fmt) % values]
        lines += [f"  {_escaped(line)}" for line in _traceback(self, record).splitlines()]
        return "\n".join(lines)


class JsonLines(logging.Formatter):
    """A JSON object on one line: `time`, `level`, `logger`, `message`, and optional fields.

    That is `request_id`, or the `request_ids` of a group; `exception`, a traceback; and the fields
    that the record has.
    """

    def format(self, record: logging.LogRecord) -> str:
        ids = _request_ids()
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if len(ids) == 1:
            line["request_id"] = ids[0]
        elif ids:
            line["request_ids"] = ids
        line |= _fields(record)
        if traceback := _traceback(self, record):
            line["exception"] = traceback
        return json.dumps(line, default=str)


FORMATS: Mapping[LogFormat, Callable[[], logging.Formatter]] = {
    "text": TextLines,
    "json": JsonLines,
}


def _request_ids() -> list[str]:
    ids = [request.id for request in current_requests()]
    more = len(ids) - _MAX_IDS
    return ids if more <= 0 else [*ids[:_MAX_IDS], f"and {more} more"]


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    texts = [formatter.formatException(record.exc_info)] if record.exc_info else []
    if record.stack_info:
        texts.append(formatter.formatStack(record.stack_info))
    return "\n".join(texts)


def _escaped(text: str) -> str:
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
