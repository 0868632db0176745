"""A service that stops answers the requests that it has begun to receive, in bounded time."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from core.http_server.raw_client import get, post, raw_client
from core.service.sample_requests import post as post_entry
from core.service.sample_requests import posted_keys, wait_until_blocked
from core.testing.databases import held
from core.testing.service_process import PATIENT, service
from core.testing.waiting import until

SECONDS = 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_requests_in_flight_finish_after_a_signal(url: SecretStr, number: int) -> None:
    with (
        service("sample.service", SAMPLE_DATABASE_URL=url, **PATIENT) as running,
        ThreadPoolExecutor() as pool,
    ):
        assert post_entry(running.client, "ann", "first").status_code == 201
        with held(url, "sample", "ann"):
            in_flight = pool.submit(post_entry, running.client, "ann", "second")
            wait_until_blocked(url)
            running.process.send_signal(number)
            until(lambda: running.refuses(), "the service still accepts connections")
            assert not in_flight.done()
        assert in_flight.result().json()["balance"] == 2
        assert running.process.wait(60) == 0


@pytest.mark.parametrize("sent", [post("2", padding=1000)[:-900], get("/ledger/ann", "X:")[:-4]])
def test_a_slow_request_gets_503_before_the_end_of_a_shutdown(url: SecretStr, sent: bytes) -> None:
    settings = {"SHUTDOWN_TIMEOUT": f"{SECONDS}"}
    with service("sample.service", DATABASE_URL=url, **settings) as running:
        with raw_client(running.client) as raw, ThreadPoolExecutor() as pool:
            raw.send(post("1"))
            assert raw.answer().status == 201
            raw.send(sent)
            assert running.client.get("/healthz").status_code == 200  # what was sent before is read
            begin = time.monotonic()
            running.process.send_signal(signal.SIGTERM)
            slowly = pool.submit(raw.send_slowly, b"x" * 1000, 0.1)
            answer = raw.answer()
            slowly.result()
            assert (answer.status, answer.code) == (503, "shutting_down")
            assert answer.headers["connection"] == "close"
        assert running.process.wait(60) == 0
        assert time.monotonic() - begin < 60  # the client alone would send for longer
    assert posted_keys(url) == [("ann", "1")]


def test_a_request_that_is_finished_during_a_shutdown_is_posted(url: SecretStr) -> None:
    with service("sample.service", DATABASE_URL=url) as running:
        with raw_client(running.client) as raw, raw_client(running.client) as other:
            for number, one in enumerate((raw, other)):
                one.send(post(f"{number}"))
                assert one.answer().status == 201
            raw.send(post("half a body")[:-5])
            other.send(post("half a head")[:5])
            assert running.client.get("/healthz").status_code == 200  # what was sent before is read
            running.process.send_signal(signal.SIGTERM)
            until(lambda: running.refuses(), "the service still accepts connections")
            raw.send(post("half a body")[-5:])
            other.send(post("half a head")[5:])
            for one in (raw, other):
                answer = one.answer()
                assert (answer.status, answer.headers["connection"]) == (201, "close")
                assert one.is_closed()
        assert running.process.wait(60) == 0


def test_a_post_that_the_database_keeps_waiting_gets_503(url: SecretStr) -> None:
    settings = {"SHUTDOWN_TIMEOUT": "2", "LOCK_TIMEOUT": "60", "STATEMENT_TIMEOUT": "60"}
    with service("sample.service", DATABASE_URL=url, **settings) as running:
        with raw_client(running.client) as raw:
            raw.send(post("1"))
            assert raw.answer().status == 201
            with held(url, "sample", "ann"):
                raw.send(post("2"))
                wait_until_blocked(url)
                running.process.send_signal(signal.SIGTERM)
                assert raw.answer().code == "shutting_down"
                assert raw.is_closed()
