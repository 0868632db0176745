"""Every response has an id that the log and the problem document have, too."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from httpx import Client
from pydantic import SecretStr

from core.keys.api_keys import new_key
from core.logs.line_formats import JsonLines
from core.service.sample_requests import UNREACHABLE, assert_unavailable, entry, post, post_batch
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.storage.store import LedgerStore
from core.testing.threaded_service import assert_problem, served
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

ID = {"X-Request-ID": "order-1.try-2"}


class Lines(logging.Handler):
    """Collects the lines of the log, each as the object that LOG_FORMAT=json writes."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.all: list[dict[str, object]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.all.append(json.loads(self.format(record)))

    def of(self, logger: str) -> list[dict[str, object]]:
        return [line for line in self.all if line["logger"] == logger]


@contextmanager
def log_lines() -> Iterator[Lines]:
    lines = Lines()
    root = logging.getLogger()
    level = root.level
    root.addHandler(lines)
    root.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        root.setLevel(level)
        root.removeHandler(lines)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/ledger/ann", 200), ("/healthz", 200), ("/nothing", 404), ("/ledger/", 422)],
)
def test_the_id_of_a_request_is_that_of_its_response(
    client: Client, path: str, status: int
) -> None:
    response = client.get(path, headers=ID)
    assert (response.status_code, response.headers["x-request-id"]) == (status, "order-1.try-2")
    ids = [client.get(path).headers["x-request-id"] for _ in range(3)]
    assert len({*ids, "order-1.try-2"}) == 4
    if status >= 400:
        assert response.json()["request_id"] == "order-1.try-2"


def test_each_problem_document_has_the_id(client: Client) -> None:
    refused = [
        post(client, "ann", "1", "CREDIT_SPEND"),
        post(client, "ann", "2", "NOTHING"),
        post_batch(client, [entry("ann", "1", "CREDIT_SPEND"), entry("ann", "2")]),
        client.delete("/ledger"),
        client.post("/ledger", content="{}"),
    ]
    for response in refused:
        assert response.json()["request_id"] == response.headers["x-request-id"]
    mixed = post_batch(client, [entry("ann", "1", "CREDIT_SPEND")], atomic=False)
    [outcome] = mixed.json()["outcomes"]
    assert outcome["body"]["request_id"] == mixed.headers["x-request-id"]


def test_a_line_about_a_failed_group_has_the_ids_of_its_requests() -> None:
    with log_lines() as lines, served(LEDGER, UNREACHABLE) as client:
        problem = assert_unavailable(client.post("/ledger", json=entry("ann", "1"), headers=ID))
    assert problem["request_id"] == "order-1.try-2"
    [line] = lines.of("core.storage.failures")
    assert line["request_id"] == "order-1.try-2"
    assert lines.of("core.access") == []


def test_an_error_has_the_id_in_its_response_and_in_the_log(
    url: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(LedgerStore, "balances", fail)
    database = DatabaseSettings(database_url=url)
    with log_lines() as lines, served(LEDGER, database, ServiceSettings(access_log=True)) as client:
        response = client.get("/ledger/ann", headers=ID)
    problem = assert_problem(response, 500, "internal_error")
    assert problem["request_id"] == response.headers["x-request-id"] == "order-1.try-2"
    [line] = [each for each in lines.of("uvicorn.error") if "exception" in each]
    assert line["request_id"] == "order-1.try-2"
    [access] = lines.of("core.access")
    assert (access["level"], access["status"], access["outcome"]) == (
        "error",
        500,
        "internal_error",
    )


def test_the_access_log_has_a_line_for_each_request_and_no_owner(url: SecretStr) -> None:
    token, line = new_key("shop", ["read", "post"], None, [each.value for each in Operation])
    settings = ServiceSettings(access_log=True, api_keys=SecretStr(line))
    database = DatabaseSettings(database_url=url)
    with log_lines() as lines, served(LEDGER, database, settings) as client:
        client.headers = httpx.Headers({"Authorization": f"Bearer {token}", **ID})
        post(client, "ann", "1")
        post(client, "ann", "2", "CREDIT_SPEND")
        post(client, "ann", "2", "CREDIT_SPEND")
        post_batch(client, [entry("ann", "3"), entry("bob", "4")])
        post_batch(client, [entry("ann", "3"), entry("ann", "5")], atomic=False)
        client.get("/ledger/ann")
        client.head("/ledger/ann/entries/1")
        client.get("/nothing/ann")
        client.get("/ledger/ann", headers={"Authorization": "none"})
    logged = lines.of("core.access")
    shown = [
        tuple(each.get(name) for name in ("method", "route", "status", "outcome", "key", "owner"))
        for each in logged
    ]
    ann = "49915e0d7d4b"
    assert shown == [
        ("POST", "/ledger", 201, "posted", "shop", ann),
        ("POST", "/ledger", 201, "posted", "shop", ann),
        ("POST", "/ledger", 409, "duplicate_nonce", "shop", ann),
        ("POST", "/ledger/batch", 201, "posted", "shop", None),
        ("POST", "/ledger/batch", 200, "partly_posted", "shop", ann),
        ("GET", "/ledger/{owner_id}", 200, "ok", "shop", ann),
        ("HEAD", "/ledger/{owner_id}/entries/{nonce}", 200, "ok", "shop", ann),
        ("GET", "", 404, "not_found", "shop", None),
        ("GET", "", 401, "unauthorized", None, None),
    ]
    assert {each["level"] for each in logged} == {"info"}
    assert {each["request_id"] for each in logged} == {"order-1.try-2"}
    assert all(0 < float(str(each["duration"])) < 60 for each in logged)
    written = json.dumps([each for each in lines.all if each["logger"] != "httpx"])
    assert all(word not in written for word in ("ann", "bob", token))
