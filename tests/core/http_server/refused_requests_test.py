"""What the server refuses by itself has a request id, and a line in the access log."""

import json
import logging
import re

import pytest
from httpx import Client
from pydantic import SecretStr

from core.http_server.raw_client import get, post, raw_client
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.threaded_service import served
from sample.ledger import LEDGER

ID = "X-Request-ID: order-1"


@pytest.mark.parametrize(
    ("sent", "code", "is_read"),
    [
        (get("/ledger/ann", ID, "A: b", "no colon"), "bad_request", True),
        (get("/ledger/ann", ID, "X: " + 70_000 * "x"), "request_header_fields_too_large", True),
        (b"nonsense\r\n\r\n", "bad_request", False),
    ],
)
def test_a_refusal_has_an_id(client: Client, sent: bytes, code: str, is_read: bool) -> None:
    with raw_client(client) as raw:
        raw.send(sent)
        answer = raw.answer()
    assert answer.code == code
    id_ = answer.headers["x-request-id"]
    assert json.loads(answer.body)["request_id"] == id_
    assert id_ == "order-1" if is_read else re.fullmatch("[0-9a-f]{12}-[0-9]+", id_)


def test_a_refused_request_has_one_line_with_the_status_that_the_client_got(
    url: SecretStr, caplog: pytest.LogCaptureFixture
) -> None:
    settings = ServiceSettings(access_log=True, receive_timeout=0.5)
    with (
        caplog.at_level(logging.INFO, "core.access"),
        served(LEDGER, DatabaseSettings(database_url=url), settings) as client,
        raw_client(client) as started,
        raw_client(client) as malformed,
    ):
        started.send(post("1", ID)[:-1])  # all but the last byte of the body
        assert started.answer().code == "request_timeout"
        malformed.send(b"nonsense\r\n\r\n")
        assert malformed.answer().code == "bad_request"
    logged = [
        getattr(record, "fields") for record in caplog.records if record.name == "core.access"
    ]
    assert sorted((each["status"], each["outcome"]) for each in logged) == [
        (400, "bad_request"),
        (408, "request_timeout"),
    ]
