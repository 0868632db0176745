"""A database that stops answering hangs nobody, and the service recovers when it answers again."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.service.sample_requests import assert_consistent, assert_unavailable, post
from core.settings.groups import DatabaseSettings
from core.testing.databases import execute, throwaway_databases
from core.testing.service_process import service
from core.testing.threaded_service import served
from core.testing.unreliable_proxy import proxied
from core.testing.waiting import until
from sample.ledger import LEDGER

AT_MOST = 30  # far less than the 60 s that a client waits


@pytest.fixture
def url() -> Iterator[SecretStr]:
    """A database on a server of its own, which a test can stop."""
    with throwaway_databases() as own:
        yield own.migrated("sample")


@contextmanager
def stopped(url: SecretStr) -> Iterator[None]:
    """Stops all processes of the server, which the kernel does not tell its clients."""
    processes = server_processes(url)
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def server_processes(url: SecretStr) -> list[int]:
    sessions = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    [(data,)] = execute(url, "SHOW data_directory")
    main = Path(data, "postmaster.pid").read_text("utf-8").split()[0]
    return [int(main), *(process for process, in execute(url, sessions))]


def test_every_request_is_answered_in_time_and_the_service_recovers(url: SecretStr) -> None:
    settings = DatabaseSettings(
        database_url=url, connect_timeout=1, statement_timeout=1, request_timeout=2
    )
    with served(LEDGER, settings) as client, ThreadPoolExecutor(20) as pool:
        assert post(client, "ann", "before").status_code == 201
        with stopped(url):
            before = time.monotonic()
            posts = [pool.submit(post, client, "ann", f"{number}") for number in range(10)]
            reads = [pool.submit(client.get, "/ledger/ann") for _ in range(5)]
            checks = [pool.submit(client.get, "/readyz") for _ in range(5)]
            for request in (*checks, *posts, *reads):
                assert_unavailable(request.result(AT_MOST))
            assert time.monotonic() - before < AT_MOST
            assert client.get("/healthz").status_code == 200
        until(lambda: client.get("/readyz").status_code == 200, "the service is never ready again")
        assert post(client, "ann", "after").status_code == 201
    assert_consistent(url)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_service_stops_in_time(url: SecretStr, number: int) -> None:
    with (
        service("sample.service", SAMPLE_DATABASE_URL=url, SHUTDOWN_TIMEOUT="1") as running,
        ThreadPoolExecutor() as pool,
    ):
        assert post(running.client, "ann", "before").status_code == 201
        with stopped(url):
            pool.submit(post, running.client, "ann", "during")
            pool.submit(running.client.get, "/readyz")
            until(lambda: running.client.get("/healzth").status_code == 404, "no answer")
            running.process.send_signal(number)
            assert running.process.wait(AT_MOST) == 0


def test_a_service_does_not_start_and_says_why(url: SecretStr) -> None:
    with stopped(url), pytest.raises(AssertionError, match="the service ended"):
        with service("sample.service", SAMPLE_DATABASE_URL=url, CONNECT_TIMEOUT="1"):
            pass


def test_a_network_that_forwards_nothing(url: SecretStr) -> None:
    with proxied(url) as (proxy, through_proxy):
        settings = DatabaseSettings(
            database_url=through_proxy, connect_timeout=1, statement_timeout=1
        )
        with served(LEDGER, settings) as client:
            assert post(client, "ann", "before").status_code == 201
            assert client.get("/readyz").status_code == 200
            proxy.frozen = True
            before = time.monotonic()
            assert_unavailable(client.get("/readyz"))
            assert_unavailable(post(client, "ann", "during"))
            assert_unavailable(client.get("/ledger/ann"))
            assert time.monotonic() - before < AT_MOST
            proxy.frozen = False
            until(lambda: client.get("/readyz").status_code == 200, "never ready again")
            assert post(client, "ann", "after").status_code == 201
