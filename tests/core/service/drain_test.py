"""A service that is told to stop first lets load balancers notice, then finishes its requests."""

import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from threading import Event

import httpx
import pytest
from pydantic import SecretStr

from core.service.sample_requests import assert_consistent, assert_unavailable, post, posted_keys
from core.testing.service_process import PATIENT, Service, service
from core.testing.waiting import until

THREADS = 4


class LoadBalancer:
    """Sends requests in turn to the services that are ready, and asks them all the time."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = services
        self.ready = list(services)
        self.sent = 0
        self.over = Event()

    def check(self) -> None:
        while not self.over.wait(0.02):
            self.ready = [running for running in self._services if self._is_ready(running)]

    def _is_ready(self, running: Service) -> bool:
        try:
            return running.client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def post(self, thread: int) -> None:
        for number in count():
            if self.over.is_set():
                return
            ready = self.ready
            response = post(ready[number % len(ready)].client, "ann", f"{thread} {number}")
            assert response.status_code == 201, response.text
            self.sent += 1


def test_no_request_fails_while_a_service_behind_a_load_balancer_stops(url: SecretStr) -> None:
    with ExitStack() as stack:
        stopping, staying = (
            stack.enter_context(
                service(
                    "sample.service", *options, DATABASE_URL=url, DRAIN_SECONDS="600", **PATIENT
                )
            )
            for options in (["--workers", "2"], [])
        )
        balancer = LoadBalancer([stopping, staying])
        pool = stack.enter_context(ThreadPoolExecutor(THREADS + 1))
        stack.callback(balancer.over.set)
        pool.submit(balancer.check)
        posting = [pool.submit(balancer.post, thread) for thread in range(THREADS)]
        until(lambda: balancer.sent >= 100, "too little was posted")
        assert balancer.ready == [stopping, staying]
        stopping.process.send_signal(signal.SIGTERM)
        until(lambda: balancer.ready == [staying], "a service that stops is still ready")
        begun = balancer.sent
        until(lambda: balancer.sent > begun + 10 * THREADS, "too little was posted")
        assert stopping.stop() == 0  # the second signal
        balancer.over.set()
        for future in posting:
            future.result()
        assert len(posted_keys(url)) == balancer.sent
        assert_consistent(url)


@pytest.mark.parametrize("options", [[], ["--workers", "2"]], ids=["one process", "workers"])
def test_a_drain_serves_all_but_readiness_and_another_signal_ends_it(
    url: SecretStr, options: list[str]
) -> None:
    with service("sample.service", *options, DATABASE_URL=url, DRAIN_SECONDS="600") as running:
        client = running.client
        assert client.get("/readyz").status_code == 200
        running.process.send_signal(signal.SIGTERM)
        until(
            lambda: all(client.get("/readyz").status_code == 503 for _ in range(10)),
            "a worker is still ready",
        )
        assert_unavailable(client.get("/readyz"), "shutting_down")
        assert client.get("/healthz").status_code == 200
        posted = post(client, "ann", "1")
        assert (posted.status_code, posted.headers["connection"]) == (201, "close")
        assert running.stop() == 0
