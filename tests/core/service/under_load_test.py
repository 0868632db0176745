"""What concurrent requests, which are posted together, may do to each other: nothing."""

import json
import socket
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from httpx import Client, Response
from pydantic import SecretStr

from core.service.group_queue import GroupQueue
from core.settings.groups import DatabaseSettings
from core.storage.connections import connect
from core.storage.store import LedgerStore
from core.testing.databases import Databases, execute, held
from core.testing.threaded_service import served
from core.testing.waiting import until
from sample.ledger import LEDGER


@pytest.fixture
def url(databases: Databases) -> SecretStr:
    return databases.migrated("sample")


@pytest.fixture
def arrived(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What has been given to the services' queues, and is done, is being done or waits."""
    arrived: list[object] = []
    do = GroupQueue.submit

    async def noted(self: GroupQueue[Any, Any], items: Sequence[Any]) -> Sequence[Any]:
        arrived.extend(items)
        return await do(self, items)

    monkeypatch.setattr(GroupQueue, "submit", noted)
    return arrived


def entry(owner_id: str, nonce: str, operation: str = "DAILY_REWARD") -> dict[str, str]:
    return {"owner_id": owner_id, "operation": operation, "nonce": nonce}


def post(client: Client, owner_id: str, nonce: str) -> Response:
    return client.post("/ledger", json=entry(owner_id, nonce))


def assert_unavailable(response: Response) -> None:
    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
    assert int(response.headers["retry-after"]) > 0


def nonces(url: SecretStr) -> list[str]:
    rows = execute(url, "SELECT nonce FROM sample.ledger_entry ORDER BY id")
    return [nonce for nonce, in rows]


def assert_sound(url: SecretStr) -> None:
    engine = connect(url)
    assert LedgerStore(LEDGER, engine).discrepancies() == []
    engine.dispose()
    assert execute(url, "SELECT FROM sample.ledger_balance WHERE balance < 0") == []
    twice = "SELECT nonce FROM sample.ledger_entry GROUP BY owner_id, nonce HAVING count(*) > 1"
    assert execute(url, twice) == []


def test_one_post_that_the_database_refuses_fails_alone(
    url: SecretStr, arrived: list[object], caplog: pytest.LogCaptureFixture
) -> None:
    execute(
        url,
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'poisoned'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON sample.ledger_entry
            FOR EACH ROW WHEN (NEW.owner_id = 'poison') EXECUTE FUNCTION refuse();
        """,
    )
    settings = DatabaseSettings(database_url=url, lock_timeout=60, statement_timeout=60)
    with served(LEDGER, settings) as client, ThreadPoolExecutor(41) as pool:
        post(client, "ann", "first")
        arrived.clear()
        with held(url, "sample", "ann"):
            first = pool.submit(post, client, "ann", "second")
            until(lambda: arrived, "the post never arrived")
            owners = [f"owner {number % 7}" for number in range(40)]
            owners[17] = "poison"
            posting = [
                pool.submit(post, client, owner, f"{number}") for number, owner in enumerate(owners)
            ]
            until(lambda: len(arrived) == 41, "not all have arrived")
            assert not any(done.done() for done in [first, *posting])
        statuses = [done.result().status_code for done in posting]
        assert first.result().status_code == 201
        again = post(client, "poison", "again")
        assert (again.status_code, again.headers["connection"]) == (500, "close")
    assert "40 items failed together" in caplog.text
    assert statuses == [500 if owner == "poison" else 201 for owner in owners]
    accepted = {f"{number}" for number in range(40) if number != 17}
    assert set(nonces(url)) == {"first", "second", *accepted}
    assert_sound(url)


def test_a_refused_entry_of_a_batch_that_is_not_atomic_fails_alone(url: SecretStr) -> None:
    execute(url, "ALTER TABLE sample.ledger_entry ADD CHECK (nonce <> 'poison')")
    entries = [entry("ann", nonce) for nonce in ("1", "poison", "2", "poison", "3")]
    with served(LEDGER, DatabaseSettings(database_url=url)) as client:
        answer = client.post("/ledger/batch", json={"atomic": False, "entries": entries})
        entries = [entry("bob", "4"), entry("ann", "poison"), entry("ann", "5")]
        whole = client.post("/ledger/batch", json={"entries": entries})
    outcomes = answer.json()["outcomes"]
    assert [outcome["status"] for outcome in outcomes] == [201, 500, 201, 500, 201]
    assert outcomes[1]["body"]["code"] == "internal_error"
    assert [outcomes[number]["body"]["balance"] for number in (0, 2, 4)] == [1, 2, 3]
    assert (whole.status_code, whole.json()["code"]) == (500, "internal_error")
    assert nonces(url) == ["1", "2", "3"]
    assert_sound(url)


def test_a_busy_owner_is_unavailable_and_others_in_its_transaction_are_not(url: SecretStr) -> None:
    settings = DatabaseSettings(database_url=url, lock_timeout=0.3)
    entries = [entry(owner_id, "2") for owner_id in ("bob", "ann", "zoe")]
    with served(LEDGER, settings) as client, ThreadPoolExecutor(30) as pool:
        for owner_id in ("ann", "bob"):
            assert post(client, owner_id, "1").status_code == 201
        with held(url, "sample", "ann"):
            answer = client.post("/ledger/batch", json={"atomic": False, "entries": entries})
            whole = client.post("/ledger/batch", json={"entries": entries})
            owners = ["ann" if number % 10 == 0 else f"owner {number}" for number in range(30)]
            posting = pool.map(lambda owner_id: post(client, owner_id, "3"), owners)
            for owner_id, response in zip(owners, posting):
                if owner_id == "ann":
                    assert_unavailable(response)
                else:
                    assert response.status_code == 201
        assert post(client, "ann", "2").json()["balance"] == 2
    outcomes = answer.json()["outcomes"]
    assert [outcome["status"] for outcome in outcomes] == [201, 503, 201]
    assert outcomes[1]["body"]["code"] == "database_unavailable"
    transactions = (
        "SELECT DISTINCT xmin::text FROM sample.ledger_entry"
        " WHERE nonce = '2' AND owner_id IN ('bob', 'zoe')"
    )
    assert len(execute(url, transactions)) == 1  # and they were in one
    assert_unavailable(whole)
    assert_sound(url)


def request(entries: list[dict[str, str]]) -> bytes:
    body = json.dumps({"entries": entries})
    head = "POST /ledger/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def send_and_leave(address: tuple[str, int], content: bytes, *, rudely: bool) -> None:
    with socket.create_connection(address, timeout=60) as client:
        if rudely:  # a reset instead of an end
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(content)


def test_clients_that_leave_without_their_answer_harm_nobody(url: SecretStr) -> None:
    owners = ["ann", "bob", "cat"]
    batches = [[entry(owner_id, f"{number}") for owner_id in owners] for number in range(300)]
    with served(LEDGER, DatabaseSettings(database_url=url)) as client:
        address = (client.base_url.host, client.base_url.port or 0)
        with ThreadPoolExecutor(12) as pool:
            leaving = [
                pool.submit(send_and_leave, address, request(batch), rudely=number % 3 == 0)
                for number, batch in enumerate(batches)
            ]
            staying = [pool.submit(post, client, "ann", f"mine {number}") for number in range(50)]
            for left in leaving:
                left.result()
            assert {stayed.result().status_code for stayed in staying} == {201}
        until(lambda: "1" in nonces(url), "what was sent completely is not done")
        assert post(client, "ann", "last").status_code == 201
        there = nonces(url)
        assert {there.count(batch[0]["nonce"]) for batch in batches} <= {0, len(owners)}
        # Now from clients that stay: each is there already, or can still be posted.
        for batch in batches:
            answer = client.post("/ledger/batch", json={"entries": batch})
            assert answer.status_code in (201, 409), answer.text
            assert answer.status_code == 201 or answer.json()["index"] == 0
    there = nonces(url)
    assert all(there.count(batch[0]["nonce"]) == len(owners) for batch in batches)
    assert sum(nonce.startswith("mine") for nonce in there) == 50
    assert_sound(url)
