"""A service that has more to do than it keeps waiting: it says so at once, and finishes the rest.

Another transaction holds an owner meanwhile, so that nothing gets done for as long as we like.
"""

import signal
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from httpx import Client, Response
from pydantic import SecretStr

from core.settings.groups import DatabaseSettings, ServiceSettings
from core.storage.connections import connect
from core.storage.store import LedgerStore
from core.testing.databases import Databases, execute, held
from core.testing.service_process import service
from core.testing.threaded_service import served
from core.testing.waiting import until
from sample.ledger import LEDGER

QUEUE_SIZE = 1000


@pytest.fixture
def url(databases: Databases) -> SecretStr:
    return databases.migrated("sample")


def post(client: Client, nonce: str) -> Response:
    body = {"owner_id": "ann", "operation": "DAILY_REWARD", "nonce": nonce}
    return client.post("/ledger", json=body)


def post_batch(client: Client, number: int, size: int) -> Response:
    entries = [
        {"owner_id": "ann", "operation": "DAILY_REWARD", "nonce": f"{number} {part}"}
        for part in range(size)
    ]
    return client.post("/ledger/batch", json={"atomic": False, "entries": entries})


Posting = list[Future[Response]]


def fill(pool: ThreadPoolExecutor, client: Client, url: SecretStr, *, size: int) -> Posting:
    """Has twice as much posted as there is room for while "ann" is held; returns what waits."""
    first = pool.submit(post, client, "being done")
    blocked = "SELECT FROM pg_locks WHERE NOT granted"
    until(lambda: execute(url, blocked), "the first post never waited for the lock")
    room = QUEUE_SIZE // size
    batches = [pool.submit(post_batch, client, number, size) for number in range(2 * room)]
    until(lambda: sum(batch.done() for batch in batches) >= room, "not all beyond is refused")
    assert not first.done()
    for batch in batches:
        if batch.done():
            assert_refused(batch.result())
    waiting = [batch for batch in batches if not batch.done()]
    assert len(waiting) == room
    return [first, *waiting]


def assert_refused(response: Response) -> None:
    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
    assert "Too many" in response.json()["detail"]
    assert int(response.headers["retry-after"]) > 0


def assert_all_posted(url: SecretStr, posting: Posting) -> None:
    """Each is answered with its success, and has its entry; there is no other entry."""
    posted = ["first"]
    for done in posting:
        answer = done.result()
        bodies = [answer.json()]
        if answer.status_code == 200:
            assert {outcome["status"] for outcome in bodies[0]["outcomes"]} == {201}
            bodies = [outcome["body"] for outcome in bodies[0]["outcomes"]]
        else:
            assert answer.status_code == 201
        posted += [body["nonce"] for body in bodies]
    engine = connect(url)
    store = LedgerStore(LEDGER, engine)
    assert sorted(entry.nonce for entry in store.entries("ann")) == sorted(posted)
    assert store.balance("ann") == len(posted) == QUEUE_SIZE + 2
    assert store.discrepancies() == []
    engine.dispose()


@pytest.mark.parametrize("size", [1000, 50])
def test_a_full_queue_is_refused_at_once_and_done_when_the_database_can(
    url: SecretStr, size: int
) -> None:
    database = DatabaseSettings(database_url=url, lock_timeout=100, statement_timeout=100)
    service = ServiceSettings(queue_size=QUEUE_SIZE)
    with served(LEDGER, database, service) as client, ThreadPoolExecutor(50) as pool:
        post(client, "first")
        with held(url, "sample", "ann"):
            waiting = fill(pool, client, url, size=size)
            assert_refused(post(client, "too many"))
            assert_refused(post_batch(client, -1, 1))
            assert client.get("/ledger/ann").json()["balance"] == 1
            assert client.get("/readyz").status_code == 200
            assert not any(done.done() for done in waiting)
        assert_all_posted(url, waiting)
        assert client.get("/ledger/ann").json()["balance"] == QUEUE_SIZE + 2
        assert post(client, "too many").status_code == 201


def test_a_service_that_is_stopped_with_a_full_queue_does_all_that_it_has_accepted(
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
        post(running.client, "first")
        with held(url, "sample", "ann"):
            waiting = fill(pool, running.client, url, size=50)
            running.process.send_signal(signal.SIGTERM)
            until(lambda: running.refuses(), "it still accepts connections")
            with pytest.raises(subprocess.TimeoutExpired):
                running.process.wait(1.5)  # a second is more than a hasty one would take
            assert not any(done.done() for done in waiting)
        assert_all_posted(url, waiting)
        assert running.process.wait(60) == 0
