"""No acknowledged post is lost when a service or its database dies in the middle of its work."""

import os
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from core.embedded.copied_data import copied
from core.embedded.postgresql_server import postgresql
from core.service.killed_services import (
    THREADS,
    Traffic,
    assert_nothing_is_lost,
    ids_by_nonce,
    kill_under_load,
    requests,
)
from core.service.sample_requests import (
    assert_unavailable,
)
from core.testing.service_process import service
from core.testing.waiting import until


def test_a_killed_service_loses_no_acknowledged_post_and_its_clients_can_retry(
    url: SecretStr,
) -> None:
    traffic = Traffic()
    for run, after in enumerate([1, 50, 300]):
        kill_under_load(traffic, url, url, run, after=after)
    kill_under_load(traffic, url, url, 3, after=50, in_transaction=True)
    assert_nothing_is_lost(traffic, url, url)


class RetryingTraffic:
    """Sends each request until it is posted, as clients do while a database restarts."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.posted: set[str] = set()
        self.unavailable: Counter[str] = Counter()  # responses with 503, of posts and of reads
        self.over = Event()

    def post(self, thread: int) -> None:
        for path, body, entries in requests(thread):
            tries = count()
            until(lambda: self._is_posted(path, body, next(tries)), "a request was never posted")
            self.posted.update(item["nonce"] for item in entries)
            if self.over.is_set():
                return

    def _is_posted(self, path: str, body: dict[str, Any], tries: int) -> bool:
        response = self.client.post(path, json=body)
        statuses = {response.status_code}
        if response.status_code == 200:
            statuses = {outcome["status"] for outcome in response.json()["outcomes"]}
        # A duplicate was posted by an earlier try, whose response was lost.
        assert statuses <= ({201, 409, 503} if tries else {201, 503}), response.text
        if response.status_code == 503:
            assert_unavailable(response)
        self.unavailable["post"] += 503 in statuses
        return 503 not in statuses

    def read(self) -> None:
        while not self.over.wait(0.005):
            response = self.client.get("/ledger/owner 0")
            assert response.status_code in (200, 503), response.text
            assert response.status_code == 503 or response.json()["balance"] >= 0
            self.unavailable["read"] += response.status_code == 503


@pytest.mark.parametrize("crash", [False, True], ids=["stopped", "crashed"])
def test_a_service_recovers_from_a_database_restart_without_losing_an_acknowledged_post(
    tmp_path: Path, migrated: Path, crash: bool
) -> None:
    data = copied(migrated, tmp_path / "data")
    # Not durable, because the machine does not crash. Commits are written to disk only because the
    # service asks for it.
    server = partial(postgresql, data, durable=False)
    with ExitStack() as stack:
        database = stack.enter_context(ExitStack())
        url = database.enter_context(server())
        running = stack.enter_context(service("sample.service", DATABASE_URL=url))
        traffic = RetryingTraffic(running.client)
        pool = stack.enter_context(ThreadPoolExecutor(THREADS + 1))
        stack.callback(traffic.over.set)  # runs before the pool waits for its threads
        sending = [pool.submit(traffic.post, thread) for thread in range(THREADS)]
        sending.append(pool.submit(traffic.read))

        def has_posted(enough: int) -> bool:
            for future in sending:
                if future.done():
                    future.result()  # raises what ended the thread
            return len(traffic.posted) >= enough

        until(lambda: has_posted(100), "too little was posted")
        if crash:
            os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        database.close()
        unavailable = traffic.unavailable
        until(
            lambda: min(unavailable["post"], unavailable["read"]) > THREADS,
            "the service does not report that its database is gone",
        )

        before = len(traffic.posted)
        assert database.enter_context(server()) == url
        until(lambda: has_posted(before + 100), "the service did not recover")
        traffic.over.set()
        for future in sending:
            future.result()
        assert running.client.get("/readyz").status_code == 200
        assert set(ids_by_nonce(url)) == traffic.posted
