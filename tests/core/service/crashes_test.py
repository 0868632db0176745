"""No acknowledged post is lost when a service or its database dies in the middle of its work."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from core.embedded.postgresql_server import postgresql
from core.migrations import revisions
from core.service.sample_requests import (
    Entry,
    assert_consistent,
    assert_unavailable,
    entry,
    post_batch,
    wait_until_blocked,
)
from core.storage.connections import connect
from core.testing.databases import execute
from core.testing.service_process import service
from core.testing.waiting import until

THREADS = 8


def requests(thread: int) -> Iterator[tuple[str, dict[str, Any], list[Entry]]]:
    """Path, body and entries of each request: a post, an atomic batch, a non-atomic one, and so on.

    Every spend follows a reward of the same owner in the same request, so the balance covers it.
    """
    for number in count():
        entries = [
            entry(
                f"owner {(thread + number + part // 2) % 3}",
                f"{thread} {number} {part}",
                "CREDIT_SPEND" if part % 2 else "DAILY_REWARD",
            )
            for part in range(6)
        ]
        if number % 3 == 0:
            yield "/ledger", entries[0], entries[:1]
        else:
            yield "/ledger/batch", {"atomic": number % 3 == 1, "entries": entries}, entries


def ids_by_nonce(url: SecretStr) -> dict[str, int]:
    """The entry id of each nonce. Asserts that the ledger is consistent and no nonce repeats."""
    assert_consistent(url)
    rows = execute(url, "SELECT nonce, id FROM sample.ledger_entry")
    occurrences = Counter(nonce for nonce, _ in rows)
    assert [nonce for nonce, number in occurrences.items() if number > 1] == []
    return dict(rows)


class Traffic:
    """What several threads have sent, and which of it was acknowledged."""

    def __init__(self) -> None:
        self.sent: list[tuple[list[Entry], bool]] = []  # the entries, and whether atomic
        self.acknowledged: set[str] = set()

    def send_until_killed(self, client: httpx.Client, run: int, thread: int) -> None:
        for path, body, entries in requests(run * THREADS + thread):
            atomic = body.get("atomic", True)
            self.sent.append((entries, atomic))
            try:
                response = client.post(path, json=body)
            except httpx.TransportError:
                return
            if atomic:
                assert response.status_code == 201, response.text
            else:
                assert {outcome["status"] for outcome in response.json()["outcomes"]} == {201}
            self.acknowledged.update(item["nonce"] for item in entries)

    def resend(self, client: httpx.Client, number: int) -> list[tuple[str, int]]:
        """Sends a request again; returns each of its nonces with the id of the entry."""
        entries, _ = self.sent[number]
        response = post_batch(client, entries, atomic=False)
        ids = []
        for item, outcome in zip(entries, response.json()["outcomes"]):
            assert outcome["status"] in (201, 409), outcome
            assert outcome["status"] == 409 or item["nonce"] not in self.acknowledged
            posted = outcome["body"]["entry"] if outcome["status"] == 409 else outcome["body"]
            ids.append((item["nonce"], int(posted["id"])))
        return ids


def kill_under_load(
    traffic: Traffic, url: SecretStr, run: int, *, after: int, in_transaction: bool
) -> None:
    """Kills a service once it has acknowledged `after` more entries.

    With `in_transaction`, kills it while one of its transactions waits for a lock.
    """
    engine = connect(url)
    enough = len(traffic.acknowledged) + after
    with (
        service("sample.service", DATABASE_URL=url, LOCK_TIMEOUT="60") as running,
        ThreadPoolExecutor(THREADS) as pool,
        engine.connect() as other,
    ):
        sending = [
            pool.submit(traffic.send_until_killed, running.client, run, thread)
            for thread in range(THREADS)
        ]
        try:
            until(lambda: len(traffic.acknowledged) >= enough, "too little was acknowledged")
            if in_transaction:
                other.exec_driver_sql("SELECT FROM sample.ledger_balance FOR UPDATE")
                wait_until_blocked(url)
        finally:
            running.process.kill()
        for thread in sending:
            thread.result()
    engine.dispose()


def test_a_killed_service_loses_no_acknowledged_post_and_its_clients_can_retry(
    url: SecretStr,
) -> None:
    """Unacknowledged atomic requests are posted as a whole or not at all."""
    traffic = Traffic()
    for run, after in enumerate([1, 50, 300, 1000]):
        kill_under_load(traffic, url, run, after=after, in_transaction=False)
    kill_under_load(traffic, url, 4, after=50, in_transaction=True)

    survivors = ids_by_nonce(url)
    assert traffic.acknowledged <= set(survivors)
    for entries, atomic in traffic.sent:
        posted = sum(item["nonce"] in survivors for item in entries)
        assert posted in (0, len(entries)) or not atomic, f"{posted} of {entries} were posted"

    with service("sample.service", DATABASE_URL=url) as again, ThreadPoolExecutor(THREADS) as pool:
        answers = pool.map(
            lambda number: traffic.resend(again.client, number), range(len(traffic.sent))
        )
        answered = dict(pair for answer in answers for pair in answer)
    assert ids_by_nonce(url) == answered
    assert survivors.items() <= answered.items()


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
    tmp_path: Path, crash: bool
) -> None:
    data = tmp_path / "data"
    with ExitStack() as stack:
        database = stack.enter_context(ExitStack())
        url = database.enter_context(postgresql(data, durable=True))
        revisions.upgrade("sample", url)
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

        until(lambda: has_posted(300), "too little was posted")
        if crash:
            os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        database.close()
        unavailable = traffic.unavailable
        until(
            lambda: min(unavailable["post"], unavailable["read"]) > THREADS,
            "the service does not report that its database is gone",
        )

        before = len(traffic.posted)
        assert database.enter_context(postgresql(data, durable=True)) == url
        until(lambda: has_posted(before + 300), "the service did not recover")
        traffic.over.set()
        for future in sending:
            future.result()
        assert running.client.get("/readyz").status_code == 200
        assert set(ids_by_nonce(url)) == traffic.posted
