"""A service with a full queue refuses new requests at once, and posts those it has accepted.

Another transaction locks the owner for as long as a test needs the queue to stay full.
"""

import signal
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from httpx import Client, Response
from pydantic import SecretStr

from core.service.sample_requests import (
    assert_consistent,
    assert_unavailable,
    entry,
    post,
    post_batch,
    wait_until_blocked,
)
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.blocking_store import blocking_store
from core.testing.databases import held
from core.testing.service_process import service
from core.testing.threaded_service import served
from core.testing.waiting import until
from sample.ledger import LEDGER

QUEUE_SIZE = 1000

Pending = list[Future[Response]]


def post_numbered_batch(client: Client, number: int, size: int) -> Response:
    entries = [entry("ann", f"{number} {part}") for part in range(size)]
    return post_batch(client, entries, atomic=False)


def fill_queue(pool: ThreadPoolExecutor, client: Client, url: SecretStr, *, size: int) -> Pending:
    """Sends batches of `size` entries, twice as many as the queue can hold, while "ann" is locked.

    Asserts that half of them are refused; returns the accepted requests, which cannot finish yet.
    """
    first = pool.submit(post, client, "ann", "in progress")
    wait_until_blocked(url)
    capacity = QUEUE_SIZE // size
    batches = [
        pool.submit(post_numbered_batch, client, number, size) for number in range(2 * capacity)
    ]
    until(
        lambda: sum(batch.done() for batch in batches) >= capacity,
        "the batches beyond the capacity were not refused",
    )
    assert not first.done()
    for batch in batches:
        if batch.done():
            assert_overloaded(batch.result())
    waiting = [batch for batch in batches if not batch.done()]
    assert len(waiting) == capacity
    return [first, *waiting]


def assert_overloaded(response: Response) -> None:
    problem = assert_unavailable(response, "overloaded")
    assert "Too many" in problem["detail"]


def assert_all_posted(url: SecretStr, accepted: Pending) -> None:
    """Asserts that each accepted request succeeded, and that the ledger has no other entries."""
    posted = ["first"]
    for future in accepted:
        response = future.result()
        bodies = [response.json()]
        if response.status_code == 200:
            assert {outcome["status"] for outcome in bodies[0]["outcomes"]} == {201}
            bodies = [outcome["body"] for outcome in bodies[0]["outcomes"]]
        else:
            assert response.status_code == 201
        posted += [body["nonce"] for body in bodies]
    with blocking_store(LEDGER, url) as store:
        assert sorted(stored.nonce for stored in store.entries("ann")) == sorted(posted)
        assert store.balance("ann") == len(posted) == QUEUE_SIZE + 2
    assert_consistent(url)


@pytest.mark.parametrize("size", [1000, 50])
def test_requests_beyond_a_full_queue_get_503_and_the_waiting_ones_are_posted_later(
    url: SecretStr, size: int
) -> None:
    database = DatabaseSettings(database_url=url, lock_timeout=100, statement_timeout=100)
    limits = ServiceSettings(queue_size=QUEUE_SIZE)
    with served(LEDGER, database, limits) as client, ThreadPoolExecutor(50) as pool:
        post(client, "ann", "first")
        with held(url, "sample", "ann"):
            accepted = fill_queue(pool, client, url, size=size)
            assert_overloaded(post(client, "ann", "too many"))
            assert_overloaded(post_numbered_batch(client, -1, 1))
            assert client.get("/ledger/ann").json()["balance"] == 1
            assert client.get("/readyz").status_code == 200
            assert not any(request.done() for request in accepted)
        assert_all_posted(url, accepted)
        assert client.get("/ledger/ann").json()["balance"] == QUEUE_SIZE + 2
        assert post(client, "ann", "too many").status_code == 201


def test_a_stopped_service_posts_every_request_that_it_has_accepted(
    url: SecretStr,
) -> None:
    settings = {
        "QUEUE_SIZE": f"{QUEUE_SIZE}",
        "LOCK_TIMEOUT": "100",
        "STATEMENT_TIMEOUT": "100",
        "SHUTDOWN_TIMEOUT": "100",
    }
    with (
        service("sample.service", DATABASE_URL=url, **settings) as running,
        ThreadPoolExecutor(50) as pool,
    ):
        post(running.client, "ann", "first")
        with held(url, "sample", "ann"):
            accepted = fill_queue(pool, running.client, url, size=50)
            running.process.send_signal(signal.SIGTERM)
            until(lambda: running.refuses(), "the service still accepts connections")
            with pytest.raises(subprocess.TimeoutExpired):
                # Without the wait for its requests, shutdown takes less than a second.
                running.process.wait(1.5)
            assert not any(request.done() for request in accepted)
        assert_all_posted(url, accepted)
        assert running.process.wait(60) == 0
