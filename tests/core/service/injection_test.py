"""Line breaks in what a client sends forge neither a header of a response nor a line of the log."""

from urllib.parse import quote

import pytest
from pydantic import SecretStr

from core.http_server.raw_client import get, raw_client
from core.keys.api_keys import new_key
from core.service.sample_requests import post
from core.testing.service_process import service

FORGED = "\r\nForged: yes\r\n2026-11-29 00:00:00,000 INFO forged\r\n\r\n"
TOKEN, LINE = new_key("shop", ["read", "post"], None, [])
AUTHORIZATION = f"Authorization: Bearer {TOKEN}"


def test_line_breaks_forge_nothing(url: SecretStr, capfd: pytest.CaptureFixture[str]) -> None:
    paths = [
        f"/ledger/{quote(FORGED)}",
        f"/ledger/ann/entries/{quote(FORGED)}",
        f"/{quote(FORGED)}",
    ]
    paths += [f"/ledger/ann/entries?cursor={quote(FORGED)}", f"/ledger/ann?as_of={quote(FORGED)}"]
    with service("sample.service", DATABASE_URL=url, API_KEYS=LINE, LOG_LEVEL="debug") as running:
        running.client.headers["Authorization"] = f"Bearer {TOKEN}"
        answers = [post(running.client, FORGED, FORGED) for _ in range(2)]
        answers.append(post(running.client, "ann", "1", FORGED))
        assert [answer.status_code for answer in answers] == [201, 409, 422]
        assert not any("forged" in answer.headers for answer in answers)
        for path in paths:
            for headers in ([AUTHORIZATION], [f"{AUTHORIZATION}x", "X: \x0bForged: yes"], []):
                with raw_client(running.client) as raw:
                    raw.send(get(path, *headers))
                    answer = raw.answer()
                    assert answer.status in (200, 400, 401, 404, 422)
                    assert "forged" not in answer.headers
        assert running.stop() == 0
    log = capfd.readouterr().err.splitlines()
    assert any("/entries/" in line and " 404" in line for line in log)
    assert not [line for line in log if line.startswith(("Forged", "2026-11-29 00:00:00,000"))]
