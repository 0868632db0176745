"""A log line has its request's id, and nothing that is logged can look like another line."""

import json
import logging
import re
from contextvars import Context
from typing import Any

import pytest

from core.logs.current_requests import ServedRequest, request_id, work_for
from core.logs.line_formats import JsonLines, TextLines

FORGED = "fine\n2026-01-01 00:00:00,000 ERROR core.cli: forged\r\x1b[2J\u2028\x85\ud800"


def record(message: str, **more: Any) -> logging.LogRecord:
    values = {"name": "core.test", "levelname": "INFO", "msg": message, "created": 0.0, "msecs": 0}
    return logging.makeLogRecord({**values, **more})


def failure(message: str) -> logging.LogRecord:
    try:
        raise ValueError(message)
    except ValueError as error:
        return record("failed", exc_info=(ValueError, error, error.__traceback__))


def formatted(formatter: logging.Formatter, logged: logging.LogRecord, *ids: str) -> str:
    """The line of a record that is logged while requests with these ids are served."""

    def format_it() -> str:
        work_for([ServedRequest(each) for each in ids])
        return formatter.format(logged)

    return Context().run(format_it)


def test_a_line_of_text_names_the_requests_that_it_belongs_to() -> None:
    assert formatted(TextLines(), record("done"))[23:] == " INFO core.test: done"
    assert formatted(TextLines(), record("done"), "a")[23:] == " INFO core.test [a]: done"
    assert formatted(TextLines(), record("done"), "a", "b")[23:] == " INFO core.test [a b]: done"
    fields = {"status": 201, "key": "shop"}
    line = formatted(TextLines(), record("done", fields=fields), "a")
    assert line[23:] == " INFO core.test [a]: done status=201 key=shop"


def test_a_line_of_json_is_an_object() -> None:
    line = json.loads(formatted(JsonLines(), record("done", fields={"status": 201}), "a"))
    assert line == {
        "time": "1970-01-01T00:00:00+00:00",
        "level": "info",
        "logger": "core.test",
        "message": "done",
        "request_id": "a",
        "status": 201,
    }
    assert json.loads(formatted(JsonLines(), record("done"), "a", "b"))["request_ids"] == ["a", "b"]


def test_a_large_group_does_not_make_a_long_line() -> None:
    ids = [f"id-{number}" for number in range(1000)]
    assert "id-99 and 900 more]" in formatted(TextLines(), record("failed"), *ids)
    assert json.loads(formatted(JsonLines(), record("failed"), *ids))["request_ids"][100:] == [
        "and 900 more"
    ]


def test_what_is_logged_cannot_forge_a_line_of_text() -> None:
    line = formatted(TextLines(), record(FORGED, fields={"outcome": "x\ny"}))
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert r"fine\n2026-01-01" in line and r"outcome=x\ny" in line
    first, *others = formatted(TextLines(), failure(FORGED)).splitlines()
    assert "failed" in first
    assert others and all(other.startswith("  ") for other in others)
    assert all(other.isprintable() for other in others)


def test_what_is_logged_cannot_forge_a_line_of_json() -> None:
    [line] = formatted(JsonLines(), failure(FORGED)).splitlines()
    assert json.loads(line)["exception"].startswith("Traceback (most recent call last):")
    assert line.isascii() and line.isprintable()


@pytest.mark.parametrize("given", [b"a", b"x" * 128, b"0190-ab.cd_[e]", b"#$%&()~!"])
def test_a_valid_request_id_is_taken_over(given: bytes) -> None:
    assert request_id([(b"host", b"x"), (b"x-request-id", given)]) == given.decode()


@pytest.mark.parametrize(
    "given", [b"", b"x" * 129, b"a b", b'a"b', b"a'b", b"a\nb", b"a\x00", b"a\x7f", "é".encode()]
)
def test_an_invalid_request_id_is_replaced(given: bytes) -> None:
    made = request_id([(b"x-request-id", given)])
    assert re.fullmatch(r"[0-9a-f]{12}-[0-9]+", made)
    assert made != request_id([])
