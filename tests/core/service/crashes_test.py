"""Services and databases that end in the middle of the work: what was acknowledged is there."""

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
from core.storage.connections import connect
from core.storage.store import LedgerStore
from core.testing.databases import Databases, execute
from core.testing.service_process import service
from core.testing.waiting import until
from sample.ledger import LEDGER

THREADS = 8
Entries = list[dict[str, str]]


def requests(thread: int) -> Iterator[tuple[str, dict[str, Any], Entries]]:
    """Path, body and entries: a post, an atomic batch, a batch, and so on.

    Each spend comes after a reward of the same owner in the same request: no balance is too small.
    """
    for number in count():
        entries = [
            {
                "owner_id": f"owner {(thread + number + part // 2) % 3}",
                "operation": "CREDIT_SPEND" if part % 2 else "DAILY_REWARD",
                "nonce": f"{thread} {number} {part}",
            }
            for part in range(6)
        ]
        if number % 3 == 0:
            yield "/ledger", entries[0], entries[:1]
        else:
            yield "/ledger/batch", {"atomic": number % 3 == 1, "entries": entries}, entries


def in_ledger(url: SecretStr) -> dict[str, int]:
    """The id of each nonce, none of which is there twice, in a ledger whose balances are right."""
    engine = connect(url)
    assert LedgerStore(LEDGER, engine).discrepancies() == []
    engine.dispose()
    assert execute(url, "SELECT FROM sample.ledger_balance WHERE balance < 0") == []
    rows = execute(url, "SELECT nonce, id FROM sample.ledger_entry")
    times = Counter(nonce for nonce, _ in rows)
    assert [nonce for nonce, number in times.items() if number > 1] == []
    return dict(rows)


class Traffic:
    """What several threads have sent, and what of it was acknowledged."""

    def __init__(self) -> None:
        self.sent: list[tuple[Entries, bool]] = []  # and whether all or nothing was asked for
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
            self.acknowledged.update(entry["nonce"] for entry in entries)

    def send_again(self, client: httpx.Client, number: int) -> list[tuple[str, int]]:
        """Each nonce of a request, and the id of its entry."""
        entries, _ = self.sent[number]
        response = client.post("/ledger/batch", json={"atomic": False, "entries": entries})
        ids = []
        for entry, outcome in zip(entries, response.json()["outcomes"]):
            assert outcome["status"] in (201, 409), outcome
            assert outcome["status"] == 409 or entry["nonce"] not in self.acknowledged
            body = outcome["body"]["entry"] if outcome["status"] == 409 else outcome["body"]
            ids.append((entry["nonce"], int(body["id"])))
        return ids


def kill_under_load(
    traffic: Traffic, url: SecretStr, run: int, *, more: int, waiting: bool
) -> None:
    """Kills a service once `more` is acknowledged; when it is `waiting`, in a transaction."""
    engine = connect(url)
    enough = len(traffic.acknowledged) + more
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
            until(lambda: len(traffic.acknowledged) >= enough, "nothing is posted")
            if waiting:
                other.exec_driver_sql("SELECT FROM sample.ledger_balance FOR UPDATE")
                blocked = "SELECT FROM pg_locks WHERE NOT granted"
                until(lambda: execute(url, blocked), "no post waits for the lock")
        finally:
            running.process.kill()
        for thread in sending:
            thread.result()
    engine.dispose()


def test_what_a_killed_service_had_begun_is_there_whole_or_not_at_all_and_may_be_sent_again(
    databases: Databases,
) -> None:
    url = databases.migrated("sample")
    traffic = Traffic()
    for run, more in enumerate([1, 50, 300, 1000]):
        kill_under_load(traffic, url, run, more=more, waiting=False)
    kill_under_load(traffic, url, 4, more=50, waiting=True)

    there = in_ledger(url)
    assert traffic.acknowledged <= set(there)
    for entries, whole in traffic.sent:
        written = sum(entry["nonce"] in there for entry in entries)
        assert written in (0, len(entries)) or not whole, f"{written} of the entries of {entries}"

    with service("sample.service", DATABASE_URL=url) as again, ThreadPoolExecutor(THREADS) as pool:
        answers = pool.map(
            lambda number: traffic.send_again(again.client, number), range(len(traffic.sent))
        )
        answered = dict(pair for answer in answers for pair in answer)
    assert in_ledger(url) == answered
    assert there.items() <= answered.items()


class PatientTraffic:
    """Sends each request until it is posted, as clients do while a database restarts."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.posted: set[str] = set()
        self.unavailable: Counter[str] = Counter()
        self.over = Event()

    def post(self, thread: int) -> None:
        for path, body, entries in requests(thread):
            tries = count()
            until(lambda: self._is_posted(path, body, next(tries)), "it stays unavailable")
            self.posted.update(entry["nonce"] for entry in entries)
            if self.over.is_set():
                return

    def _is_posted(self, path: str, body: dict[str, Any], tries: int) -> bool:
        response = self.client.post(path, json=body)
        statuses = {response.status_code}
        if response.status_code == 200:
            statuses = {outcome["status"] for outcome in response.json()["outcomes"]}
        # A duplicate has been posted by a try whose answer was lost.
        assert statuses <= ({201, 409, 503} if tries else {201, 503}), response.text
        if response.status_code == 503:
            assert int(response.headers["retry-after"]) > 0
            assert response.json()["code"] == "database_unavailable"
        self.unavailable["post"] += 503 in statuses
        return 503 not in statuses

    def read(self) -> None:
        while not self.over.wait(0.005):
            response = self.client.get("/ledger/owner 0")
            assert response.status_code in (200, 503), response.text
            assert response.status_code == 503 or response.json()["balance"] >= 0
            self.unavailable["read"] += response.status_code == 503


@pytest.mark.parametrize("crash", [False, True], ids=["stopped", "crashed"])
def test_a_service_outlives_its_database_and_loses_nothing_that_it_acknowledged(
    tmp_path: Path, crash: bool
) -> None:
    data = tmp_path / "data"
    with ExitStack() as stack:
        database = stack.enter_context(ExitStack())
        url = database.enter_context(postgresql(data, durable=True))
        revisions.upgrade("sample", url)
        running = stack.enter_context(service("sample.service", DATABASE_URL=url))
        traffic = PatientTraffic(running.client)
        pool = stack.enter_context(ThreadPoolExecutor(THREADS + 1))
        stack.callback(traffic.over.set)  # before the pool waits for its threads
        sending = [pool.submit(traffic.post, thread) for thread in range(THREADS)]
        sending.append(pool.submit(traffic.read))

        def sent(enough: int) -> bool:
            for future in sending:
                if future.done():
                    future.result()  # shows what went wrong
            return len(traffic.posted) >= enough

        until(lambda: sent(300), "nothing is posted")
        if crash:
            os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        database.close()
        unavailable = traffic.unavailable
        until(lambda: min(unavailable["post"], unavailable["read"]) > THREADS, "it seems available")

        before = len(traffic.posted)
        assert database.enter_context(postgresql(data, durable=True)) == url
        until(lambda: sent(before + 300), "it does not recover by itself")
        traffic.over.set()
        for future in sending:
            future.result()
        assert running.client.get("/readyz").status_code == 200
        assert set(in_ledger(url)) == traffic.posted
