"""Which request bodies are accepted: JSON that is declared as JSON and is not too large."""

import json

import pytest
from httpx import Client
from pydantic import SecretStr

from core.service.sample_requests import entry, nothing_was_written, send
from core.testing.threaded_service import assert_problem

VALID = entry("ann", "1", "CREDIT_ADD")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe{}",
        b'{"owner_id": "\xff"}',
        b'{"owner_id": NaN}',
        b"[" * 50_000,
    ],
)
def test_a_malformed_body_is_refused(client: Client, shared_url: SecretStr, body: bytes) -> None:
    assert_problem(send(client, "/ledger", body), 422, "invalid_request")
    assert nothing_was_written(shared_url)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        *(
            {"Content-Type": declared}
            for declared in (
                *("text/plain", "application/x-www-form-urlencoded", "", "json", "text/json"),
                *("application/jsonl", "application/octet-stream; application/json"),
            )
        ),
    ],
)
def test_a_body_that_is_not_declared_to_be_json_gets_415(
    client: Client, shared_url: SecretStr, headers: dict[str, str]
) -> None:
    batch = {"entries": [VALID]}
    for path, body in (("/ledger", VALID), ("/ledger/batch", batch), ("/ledger", None)):
        content = json.dumps(body) if body else b""
        response = client.post(path, content=content, headers=headers)
        problem = assert_problem(response, 415, "unsupported_media_type")
        assert "'Content-Type: application/json'" in problem["detail"]
    assert nothing_was_written(shared_url)


@pytest.mark.parametrize(
    "declared",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/vnd.ledger+json",
        "application/problem+json; version=1",
    ],
)
def test_a_body_that_is_declared_to_be_json_in_any_way_is_accepted(
    client: Client, declared: str
) -> None:
    content = json.dumps(VALID)
    response = client.post("/ledger", content=content, headers={"Content-Type": declared})
    assert response.status_code == 201
    malformed = client.post("/ledger", content="{", headers={"Content-Type": declared})
    assert_problem(malformed, 422, "invalid_request")


def test_a_body_over_64_kib_is_refused(client: Client, shared_url: SecretStr) -> None:
    def body(size: int) -> bytes:
        unpadded = len(json.dumps({**VALID, "padding": ""}))
        return json.dumps({**VALID, "padding": "x" * (size - unpadded)}).encode()

    too_large = body(64 * 1024 + 1)
    chunks = (too_large[start : start + 1000] for start in range(0, len(too_large), 1000))
    for content in (too_large, chunks):
        assert_problem(send(client, "/ledger", content), 413, "content_too_large")
    assert nothing_was_written(shared_url)
    assert send(client, "/ledger", body(64 * 1024)).status_code == 201
