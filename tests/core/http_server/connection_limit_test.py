"""More connections than the limit: each gets a 503, the log warns, and the service stays up."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from httpx import Client
from pydantic import SecretStr

from core.http_server.raw_client import Answer, RawClient, get, raw_client
from core.service.sample_requests import UNREACHABLE, post
from core.settings.groups import ServiceSettings
from core.testing.http_clients import http_client
from core.testing.service_process import logged_service
from core.testing.threaded_service import served
from core.testing.waiting import until
from sample.ledger import LEDGER

LIMIT = 10


@pytest.fixture
def limited() -> Iterator[Client]:
    with served(LEDGER, UNREACHABLE, ServiceSettings(max_connections=LIMIT)) as client:
        yield client


def connected(raw: RawClient) -> RawClient:
    """Returns the client once the service has accepted its connection."""
    raw.send(get("/healthz"))
    assert raw.answer().status == 200
    return raw


def assert_overloaded(answer: Answer) -> None:
    assert (answer.status, answer.code) == (503, "overloaded")
    assert (answer.headers["connection"], answer.headers["retry-after"]) == ("close", "1")


def test_a_connection_over_the_limit_gets_503_and_the_log_says_so_once(
    limited: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with ExitStack() as stack:
        first, *_ = [connected(stack.enter_context(raw_client(limited))) for _ in range(LIMIT)]
        assert caplog.text == ""
        for _ in range(3):
            with raw_client(limited) as refused:
                assert_overloaded(refused.answer())
                assert refused.is_closed()
        with raw_client(limited) as refused:
            refused.send(get("/healthz"))
            assert_overloaded(refused.answer())
        assert caplog.text.count(f"{LIMIT} connections are open") == 1
        assert limited.get("/healthz").status_code == 503  # a connection of its own
        first.send(get("/healthz"))
        assert first.answer().status == 200
    until(
        lambda: limited.get("/healthz").status_code == 200,
        "the service still refuses connections",
    )


def test_refused_clients_that_stay_are_not_kept(limited: Client) -> None:
    with ExitStack() as stack:
        for _ in range(LIMIT):
            connected(stack.enter_context(raw_client(limited)))
        refused = [stack.enter_context(raw_client(limited)) for _ in range(200)]
        until(lambda: refused[-1].is_closed(), "the connection stays open")


def test_a_low_limit_on_open_files_limits_the_connections(url: SecretStr, tmp_path: Path) -> None:
    path = tmp_path / "log"
    with (
        path.open("w") as log,
        logged_service(log, "core.http_server.few_open_files", DATABASE_URL=url) as running,
    ):
        with ExitStack() as stack:
            assert post(running.client, "ann", "1").status_code == 201
            for _ in range(200):
                stack.enter_context(raw_client(running.client))
            # Those that are connected are served, with new connections to the database.
            assert post(running.client, "ann", "2").status_code == 201
            assert running.client.get("/readyz").status_code == 200
            running.client.close()
        with http_client(running.address) as client:
            until(
                lambda: client.get("/healthz").status_code == 200,
                "the service still refuses connections",
            )
        assert running.stop() == 0
    assert "the limit on open files allows only 48 connections" in path.read_text()
    assert "48 connections are open: refusing further ones" in path.read_text()
