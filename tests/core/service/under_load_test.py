"""Concurrent requests are posted as a group, and do not affect each other's outcomes."""

import json
import socket
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import SecretStr

from core.service.group_queue import GroupQueue
from core.service.sample_requests import (
    Entry,
    assert_consistent,
    assert_unavailable,
    entry,
    post,
    post_batch,
    posted_keys,
)
from core.settings.groups import DatabaseSettings
from core.storage.connections import connect
from core.testing.databases import execute, held
from core.testing.threaded_service import served
from core.testing.waiting import until
from sample.ledger import LEDGER


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every item that a service has submitted to a queue so far, finished or not."""
    submitted: list[object] = []
    original = GroupQueue.submit

    async def recorded(
        self: GroupQueue[Any, Any], items: Sequence[Any], *, size: int | None = None
    ) -> Sequence[Any]:
        submitted.extend(items)
        return await original(self, items, size=size)

    monkeypatch.setattr(GroupQueue, "submit", recorded)
    return submitted


def posted_nonces(url: SecretStr) -> list[str]:
    return [nonce for _, nonce in posted_keys(url)]


def test_a_post_that_the_database_refuses_fails_alone(
    url: SecretStr, submitted: list[object], caplog: pytest.LogCaptureFixture
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
        submitted.clear()
        with held(url, "sample", "ann"):
            second = pool.submit(post, client, "ann", "second")
            until(lambda: submitted, "the second post was never submitted")
            owners = [f"owner {number % 7}" for number in range(40)]
            owners[17] = "poison"
            posting = [
                pool.submit(post, client, owner, f"{number}") for number, owner in enumerate(owners)
            ]
            until(lambda: len(submitted) == 41, "not every post was submitted")
            assert not any(future.done() for future in [second, *posting])
        statuses = [future.result().status_code for future in posting]
        assert second.result().status_code == 201
        again = post(client, "poison", "again")
        assert (again.status_code, again.headers["connection"]) == (500, "close")
    assert "40 items failed together" in caplog.text
    assert statuses == [500 if owner == "poison" else 201 for owner in owners]
    accepted = {f"{number}" for number in range(40) if number != 17}
    assert set(posted_nonces(url)) == {"first", "second", *accepted}
    assert_consistent(url)


def test_a_refused_entry_of_a_non_atomic_batch_fails_alone(url: SecretStr) -> None:
    execute(url, "ALTER TABLE sample.ledger_entry ADD CHECK (nonce <> 'poison')")
    entries = [entry("ann", nonce) for nonce in ("1", "poison", "2", "poison", "3")]
    with served(LEDGER, DatabaseSettings(database_url=url)) as client:
        separate = post_batch(client, entries, atomic=False)
        entries = [entry("bob", "4"), entry("ann", "poison"), entry("ann", "5")]
        atomic = post_batch(client, entries)
    outcomes = separate.json()["outcomes"]
    assert [outcome["status"] for outcome in outcomes] == [201, 500, 201, 500, 201]
    assert outcomes[1]["body"]["code"] == "internal_error"
    assert [outcomes[number]["body"]["balance"] for number in (0, 2, 4)] == [1, 2, 3]
    assert (atomic.status_code, atomic.json()["code"]) == (500, "internal_error")
    assert posted_nonces(url) == ["1", "2", "3"]
    assert_consistent(url)


def test_a_busy_owner_gets_503_and_others_are_posted(url: SecretStr) -> None:
    settings = DatabaseSettings(database_url=url, lock_timeout=0.3)
    entries = [entry(owner_id, "2") for owner_id in ("bob", "ann", "zoe")]
    with served(LEDGER, settings) as client, ThreadPoolExecutor(30) as pool:
        for owner_id in ("ann", "bob"):
            assert post(client, owner_id, "1").status_code == 201
        with held(url, "sample", "ann"):
            separate = post_batch(client, entries, atomic=False)
            atomic = post_batch(client, entries)
            owners = ["ann" if number % 10 == 0 else f"owner {number}" for number in range(30)]
            posting = pool.map(lambda owner_id: post(client, owner_id, "3"), owners)
            for owner_id, response in zip(owners, posting):
                if owner_id == "ann":
                    assert_unavailable(response, "owner_busy")
                else:
                    assert response.status_code == 201
        assert post(client, "ann", "2").json()["balance"] == 2
    outcomes = separate.json()["outcomes"]
    assert [outcome["status"] for outcome in outcomes] == [201, 503, 201]
    assert outcomes[1]["body"]["code"] == "owner_busy"
    transactions = (
        "SELECT DISTINCT xmin::text FROM sample.ledger_entry"
        " WHERE nonce = '2' AND owner_id IN ('bob', 'zoe')"
    )
    assert len(execute(url, transactions)) == 1  # both were posted in one transaction
    assert_unavailable(atomic, "owner_busy")
    assert_consistent(url)


def test_an_owner_that_another_transaction_is_creating_is_busy(url: SecretStr) -> None:
    settings = DatabaseSettings(database_url=url, lock_timeout=0.3)
    engine = connect(url)
    with served(LEDGER, settings) as client, engine.connect() as other:
        other.exec_driver_sql("INSERT INTO sample.ledger_balance VALUES ('ann', 0)")
        assert_unavailable(post(client, "ann", "1"), "owner_busy")
        other.rollback()
        assert post(client, "ann", "1").status_code == 201
    engine.dispose()


def raw_batch(entries: list[Entry]) -> bytes:
    body = json.dumps({"entries": entries})
    head = "POST /ledger/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def send_and_disconnect(address: tuple[str, int], content: bytes, *, reset: bool) -> None:
    with socket.create_connection(address, timeout=60) as client:
        if reset:  # instead of an orderly end of the connection
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(content)


def test_clients_that_disconnect_early_do_not_affect_others(url: SecretStr) -> None:
    owners = ["ann", "bob", "cat"]
    batches = [[entry(owner_id, f"{number}") for owner_id in owners] for number in range(100)]
    with served(LEDGER, DatabaseSettings(database_url=url)) as client:
        address = (client.base_url.host, client.base_url.port or 0)
        with ThreadPoolExecutor(12) as pool:
            disconnecting = [
                pool.submit(send_and_disconnect, address, raw_batch(batch), reset=number % 3 == 0)
                for number, batch in enumerate(batches)
            ]
            waiting = [pool.submit(post, client, "ann", f"mine {number}") for number in range(50)]
            for future in disconnecting:
                future.result()
            assert {future.result().status_code for future in waiting} == {201}
        until(lambda: "1" in posted_nonces(url), "a batch that was sent completely is not posted")
        assert post(client, "ann", "last").status_code == 201
        posted = posted_nonces(url)
        assert {posted.count(batch[0]["nonce"]) for batch in batches} <= {0, len(owners)}
        # Each batch has been posted already, or can be posted now.
        for batch in batches:
            response = post_batch(client, batch)
            assert response.status_code in (201, 409), response.text
            if response.status_code == 409:
                assert response.json()["code"] == "batch_already_posted"
    posted = posted_nonces(url)
    assert all(posted.count(batch[0]["nonce"]) == len(owners) for batch in batches)
    assert sum(nonce.startswith("mine") for nonce in posted) == 50
    assert_consistent(url)
