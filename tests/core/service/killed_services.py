"""Kills a service under load, and checks what is left: nothing acknowledged may be lost."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event
from typing import Any

import httpx
from pydantic import SecretStr

from core.service.sample_requests import (
    Entry,
    assert_consistent,
    entry,
    post,
    post_batch,
    posted_keys,
    wait_until_blocked,
)
from core.testing.databases import execute, held
from core.testing.http_clients import http_client
from core.testing.service_process import PATIENT, service, workers_of
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
    traffic: Traffic,
    url: SecretStr,
    through: SecretStr,
    run: int,
    *,
    after: int,
    in_transaction: bool = False,
) -> None:
    """Kills a service once it has acknowledged `after` more entries.

    It reaches the database at `url` by the URL `through`, which may lead through a pooler.

    With `in_transaction`, kills it while one of its transactions waits for a lock.
    """
    enough = len(traffic.acknowledged) + after
    with (
        service("sample.service", DATABASE_URL=through, LOG_LEVEL="error", **PATIENT) as running,
        ThreadPoolExecutor(THREADS) as pool,
    ):
        sending = [
            pool.submit(traffic.send_until_killed, running.client, run, thread)
            for thread in range(THREADS)
        ]
        try:
            until(lambda: len(traffic.acknowledged) >= enough, "too little was acknowledged")
            if in_transaction:
                # One owner: locking several in a different order from the posts could deadlock.
                [(owner_id,)] = execute(url, "SELECT min(owner_id) FROM sample.ledger_balance")
                with held(url, "sample", owner_id):
                    wait_until_blocked(url)
                    running.process.kill()
        finally:
            running.process.kill()
            for thread in sending:  # an answer that a thread did not expect explains the rest
                thread.result()


def assert_nothing_is_lost(traffic: Traffic, url: SecretStr, through: SecretStr) -> None:
    """Asserts that what was acknowledged is there, and sends everything again `through` a URL.

    Unacknowledged atomic requests were posted as a whole or not at all.
    """
    survivors = ids_by_nonce(url)
    assert traffic.acknowledged <= set(survivors)
    for entries, atomic in traffic.sent:
        posted = sum(item["nonce"] in survivors for item in entries)
        assert posted in (0, len(entries)) or not atomic, f"{posted} of {entries} were posted"

    with (
        service("sample.service", DATABASE_URL=through, LOG_LEVEL="error") as again,
        ThreadPoolExecutor(THREADS) as pool,
    ):
        answers = pool.map(
            lambda number: traffic.resend(again.client, number), range(len(traffic.sent))
        )
        answered = dict(pair for answer in answers for pair in answer)
    assert ids_by_nonce(url) == answered
    assert survivors.items() <= answered.items()


class PatientClients:
    """Threads that send each post again, on a new connection, until it is answered."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.over = Event()
        self.posted: set[tuple[str, str]] = set()  # owner and nonce
        self.unanswered: set[tuple[str, str]] = set()  # those of the last tries
        self.broken: Counter[str] = Counter()  # connections, by the name of the error

    def post(self, thread: int) -> None:
        with http_client(self._address) as client:
            number = 0
            while not self.over.is_set():
                owner_id, nonce = f"owner {number % 3}", f"{thread} {number}"
                try:
                    response = post(client, owner_id, nonce)
                except httpx.TransportError as error:
                    self.broken[type(error).__name__] += 1
                    self.unanswered.add((owner_id, nonce))
                    continue
                assert response.status_code in (201, 409), response.text
                self.posted.add((owner_id, nonce))
                self.unanswered.discard((owner_id, nonce))
                number += 1


def kill_workers_under_load(url: SecretStr, *, workers: int, kills: int) -> PatientClients:
    """Kills the oldest worker of a service, again and again, and asserts that nothing is lost."""
    with (
        service(
            "sample.service", "--workers", f"{workers}", DATABASE_URL=url, **PATIENT
        ) as running,
        ThreadPoolExecutor(THREADS) as pool,
    ):
        clients = PatientClients(running.address)
        sending = [pool.submit(clients.post, thread) for thread in range(THREADS)]
        try:
            for _ in range(kills):
                enough = len(clients.posted) + 50
                until(lambda: len(clients.posted) >= enough, "too little was posted")
                worker = min(workers_of(running.process))
                os.kill(worker, signal.SIGKILL)
                until(
                    lambda: len(workers_of(running.process) - {worker}) == workers,
                    "the worker was not replaced",
                )
        finally:
            clients.over.set()
        for thread in sending:
            thread.result()
        assert running.stop() == 0
    assert "ConnectError" not in clients.broken  # the others accept connections all the time
    assert clients.posted <= {*posted_keys(url)} <= clients.posted | clients.unanswered
    assert_consistent(url)
    return clients
