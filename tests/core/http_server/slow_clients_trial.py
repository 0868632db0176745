"""Clients that keep a connection waiting lose it; a slow service does not count against them."""

import resource
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import cycle

import pytest
from httpx import Client
from pydantic import SecretStr

from core.http_server.raw_client import get, post, raw_client
from core.service.sample_requests import UNREACHABLE
from core.service.sample_requests import post as post_entry
from core.service.sample_requests import posted_keys
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.databases import held
from core.testing.service_process import service
from core.testing.threaded_service import served
from sample.ledger import LEDGER

IDLE, RECEIVE = 2.0, 1.0  # seconds
TIMEOUTS = ServiceSettings(keep_alive_timeout=IDLE, receive_timeout=RECEIVE)
HALF_HEAD = get()[:20]
HALF_BODY = post("1", padding=1000)[:-500]


@pytest.fixture(scope="module")
def impatient() -> Iterator[Client]:
    """A client of a service with short timeouts, and without its database."""
    with served(LEDGER, UNREACHABLE, TIMEOUTS) as client:
        yield client


@pytest.mark.parametrize("content", [b"", b"\r\n"])
def test_a_connection_without_a_request_is_closed(impatient: Client, content: bytes) -> None:
    with raw_client(impatient) as raw:
        raw.send(content)
        assert raw.seconds_until_closed() >= IDLE - 0.1


def test_an_idle_connection_is_closed_even_if_it_sends_line_ends(impatient: Client) -> None:
    with raw_client(impatient) as raw:
        raw.send(get("/healthz"))
        assert raw.answer().status == 200
        raw.send_slowly(b"\r\n" * 100, pause=0.2)
        assert raw.is_closed()


@pytest.mark.parametrize("content", [HALF_HEAD, HALF_BODY])
@pytest.mark.parametrize("before", [b"", get("/healthz")], ids=["new", "kept alive"])
def test_half_a_request_gets_408(impatient: Client, before: bytes, content: bytes) -> None:
    with raw_client(impatient) as raw:
        if before:
            raw.send(before)
            assert raw.answer().status == 200
        begin = time.monotonic()
        raw.send(content)
        answer = raw.answer()
        assert (answer.status, answer.code) == (408, "request_timeout")
        assert answer.headers["connection"] == "close"
        assert time.monotonic() - begin >= RECEIVE - 0.1
        assert raw.is_closed()


@pytest.mark.parametrize("content", [get("/healthz", f"X: {'x' * 1000}"), post("1", padding=1000)])
def test_a_byte_from_time_to_time_does_not_extend_the_time(
    impatient: Client, content: bytes
) -> None:
    quickly, slowly = content[:-900], content[-900:]
    with raw_client(impatient) as raw:
        raw.send(quickly)
        raw.send_slowly(slowly, pause=0.1)
        assert raw.answer().code == "request_timeout"


def test_a_body_that_nobody_reads_is_not_awaited_for_ever(impatient: Client) -> None:
    with raw_client(impatient) as raw:
        raw.send(post("1", path="/nothing", padding=1000)[:-900])
        assert raw.answer().code == "not_found"
        assert raw.is_closed()  # and nothing else is sent


def test_half_a_request_gets_408_after_one_that_was_answered_early(impatient: Client) -> None:
    with raw_client(impatient) as raw:
        early = post("1", path="/nothing", padding=100_000)
        raw.send(early[:-90_000])
        assert raw.answer().code == "not_found"
        raw.send(early[-90_000:] + HALF_HEAD)
        assert raw.answer().code == "request_timeout"


def test_a_client_that_reads_no_answers_is_disconnected(impatient: Client) -> None:
    with raw_client(impatient) as raw, pytest.raises(ConnectionError):
        for _ in range(10_000):
            raw.send(get("/docs") * 100)


def test_connections_are_kept_for_a_client_that_is_only_slow_at_times(impatient: Client) -> None:
    with raw_client(impatient) as raw:
        for _ in range(3):
            raw.send(HALF_HEAD)
            time.sleep(RECEIVE / 2)
            raw.send(get()[20:])
            assert raw.answer().code == "database_unavailable"


def test_a_slow_service_does_not_count_against_the_client(url: SecretStr) -> None:
    database = DatabaseSettings(database_url=url, lock_timeout=60, statement_timeout=60)
    with served(LEDGER, database, TIMEOUTS) as client, ThreadPoolExecutor() as pool:
        with raw_client(client) as raw:
            raw.send(post("0"))
            assert raw.answer().status == 201
            with held(url, "sample", "ann"):
                whole, half, rest = post("1"), post("2")[:-9], post("2")[-9:]
                raw.send(whole + half)
                waiting = pool.submit(raw.answer)
                time.sleep(2 * RECEIVE + IDLE)
                assert not waiting.done()
            assert waiting.result().status == 201
            raw.send(rest)
            assert raw.answer().status == 201
    assert posted_keys(url) == [("ann", "0"), ("ann", "1"), ("ann", "2")]


def test_thousands_of_slow_clients_keep_nobody_else_waiting(url: SecretStr) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with service("sample.service", DATABASE_URL=url, RECEIVE_TIMEOUT="5") as running:
        with ExitStack() as stack:
            slow = [stack.enter_context(raw_client(running.client)) for _ in range(3000)]
            for each, content in zip(slow, cycle((HALF_HEAD, HALF_BODY))):
                each.send(content)
            for number in range(100):
                assert post_entry(running.client, "ann", f"{number}").status_code == 201
            assert {each.answer().status for each in slow} == {408}
        assert running.client.get("/ledger/ann").json()["balance"] == 100


def test_by_default_connections_outlive_the_idle_timeout_of_load_balancers() -> None:
    assert ServiceSettings().keep_alive_timeout > 60
