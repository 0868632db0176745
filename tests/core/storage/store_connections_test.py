"""How a store behaves when owners are locked, connections are lost, and event loops end."""

import asyncio
import time
from collections.abc import Callable

import pytest
import uvloop
from pydantic import SecretStr

from core.ledgers.errors import DatabaseUnavailable, DatabaseUnreachable
from core.ledgers.outcomes import BatchPosted, BatchRefused, Duplicate, Posted
from core.ledgers.requests import Batch, Post
from core.storage.event_loop_connection import EventLoopConnection
from core.storage.opening import LONG, run
from core.storage.store import LedgerStore
from core.testing.blocking_store import BlockingStore, blocking_store
from core.testing.databases import blocked_transactions, execute, held, throwaway_databases
from core.testing.unreliable_proxy import proxied
from core.testing.waiting import until
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation


def test_a_busy_owner_is_unavailable_and_other_owners_are_not(url: SecretStr) -> None:
    with blocking_store(LEDGER, url, lock_timeout=0.2) as store:
        store.post([Post("ann", Operation.CREDIT_ADD, "1")])
        with held(url, "sample", "ann"):
            with pytest.raises(DatabaseUnavailable):
                store.post([Post("ann", Operation.CREDIT_ADD, "2")])
            assert store.balance("ann") == 10
            [outcome] = store.post([Post("bob", Operation.CREDIT_ADD, "1")])
            assert isinstance(outcome, Posted)
        [outcome] = store.post([Post("ann", Operation.CREDIT_ADD, "2")])
        assert isinstance(outcome, Posted) and outcome.balance == 20


def test_a_database_that_stops_answering_is_unreachable_until_it_answers_again(
    url: SecretStr,
) -> None:
    with proxied(url) as (proxy, through_proxy):
        with blocking_store(LEDGER, through_proxy, connect_timeout=1, statement_timeout=1) as store:
            store.post([Post("ann", Operation.CREDIT_ADD, "1")])
            assert store.balance("ann") == 10
            proxy.frozen = True
            for _ in range(2):  # once on the connection, and once without one
                with pytest.raises(DatabaseUnreachable):
                    store.post([Post("ann", Operation.CREDIT_ADD, "2")])
                with pytest.raises(DatabaseUnreachable):
                    store.balance("ann")
            proxy.frozen = False
            [outcome] = store.post([Post("ann", Operation.CREDIT_ADD, "3")])
            assert isinstance(outcome, Posted)
            assert store.discrepancies() == []


@pytest.mark.parametrize("new_event_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_store_serves_one_event_loop_after_another(
    url: SecretStr, new_event_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    store = LedgerStore(LEDGER, url)
    for balance in (10, 20, 30):
        loop = new_event_loop()
        batch = Batch((Post("ann", Operation.CREDIT_ADD, f"{balance}"),))
        [outcome] = loop.run_until_complete(store.post_batches([batch]))
        assert isinstance(outcome, BatchPosted) and outcome.posted[0].balance == balance
        assert loop.run_until_complete(store.balances(["ann"])) == [balance]
        loop.close()
    store.close()


def test_closing_a_store_ends_its_calls_and_later_ones_connect_again(url: SecretStr) -> None:
    async def test() -> None:
        store = LedgerStore(LEDGER, url, lock_timeout=LONG, statement_timeout=LONG)
        batch = Batch((Post("ann", Operation.CREDIT_ADD, "1"),))
        await store.post_batches([batch])
        with held(url, "sample", "ann"):
            blocked = Batch((Post("ann", Operation.CREDIT_ADD, "2"),))
            posting = asyncio.create_task(store.post_batches([blocked]))
            await asyncio.to_thread(
                until, lambda: blocked_transactions(url), "no post waits for the owner"
            )
            store.close()
            [outcome] = await posting
            assert isinstance(outcome, DatabaseUnreachable)
        assert await store.balances(["bob"]) == [0]
        [again] = await store.post_batches([batch])
        assert isinstance(again, BatchRefused) and isinstance(again.refusal, Duplicate)
        store.close()

    run(test())


def sessions(url: SecretStr) -> set[int]:
    """The processes of the database's sessions, but for the one that asks."""
    query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    return {process for process, in execute(url, f"{query} AND pid <> pg_backend_pid()")}


def terminate_sessions(url: SecretStr) -> None:
    for process in sessions(url):
        execute(url, f"SELECT pg_terminate_backend({process}, 60000)")
    until(lambda: not sessions(url), "a session remains")


def test_the_end_of_idle_connections_is_not_noticed_by_clients(url: SecretStr) -> None:
    with blocking_store(LEDGER, url) as store:
        for number in range(1, 4):
            [outcome] = store.post([Post("ann", Operation.CREDIT_ADD, f"{number}")])
            assert isinstance(outcome, Posted) and outcome.balance == 10 * number
            assert store.balance("ann") == 10 * number
            terminate_sessions(url)


def test_a_connection_that_is_lost_while_it_reads_is_replaced(url: SecretStr) -> None:
    with proxied(url) as (proxy, through_proxy), blocking_store(LEDGER, through_proxy) as store:
        store.post([Post("ann", Operation.CREDIT_ADD, "1")])
        assert store.balance("ann") == 10
        proxy.drop_at_next_answer()
        assert store.balance("ann") == 10


def test_the_log_names_the_first_cause(
    url: SecretStr, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the end of the session were noticed only when a statement has been sent.
    monkeypatch.setattr(EventLoopConnection, "has_ended", lambda connection: connection.is_closed)
    with blocking_store(LEDGER, url) as store:
        store.post([Post("ann", Operation.CREDIT_ADD, "1")])
        terminate_sessions(url)
        with pytest.raises(DatabaseUnreachable):
            store.post([Post("ann", Operation.CREDIT_ADD, "2")])
        assert "terminating connection due to administrator command" in caplog.text
        assert "cursor already closed" not in caplog.text
        [outcome] = store.post([Post("ann", Operation.CREDIT_ADD, "2")])
        assert isinstance(outcome, Posted) and outcome.balance == 20


def test_a_server_that_has_ended_is_unreachable_and_no_acknowledged_post_is_lost() -> None:
    with throwaway_databases(durable=True) as databases:
        url = databases.migrated("sample")
        store = BlockingStore(LEDGER, url)
        store.post([Post("ann", Operation.CREDIT_ADD, "1")])
        assert store.balance("ann") == 10
    with pytest.raises(DatabaseUnreachable):
        store.balance("ann")
    with pytest.raises(DatabaseUnreachable):
        store.post([Post("ann", Operation.CREDIT_ADD, "2")])
    store.close()


def post_and_read(store: LedgerStore[Operation], loop: asyncio.AbstractEventLoop) -> None:
    batch = Batch((Post("ann", Operation.CREDIT_ADD, f"{time.time_ns()}"),))
    [outcome] = loop.run_until_complete(store.post_batches([batch]))
    assert isinstance(outcome, BatchPosted), outcome
    balance = outcome.posted[0].balance
    assert loop.run_until_complete(store.balances(["ann"])) == [balance]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE sample.ledger_balance ALTER balance TYPE numeric",
        "DROP TABLE sample.ledger_balance; ALTER TABLE copy SET SCHEMA sample; "
        "ALTER TABLE sample.copy RENAME TO ledger_balance",
    ],
)
def test_statements_are_prepared_again_after_a_change_of_the_tables(
    url: SecretStr, change: str
) -> None:
    execute(url, "CREATE TABLE copy (LIKE sample.ledger_balance INCLUDING ALL)")
    loop = asyncio.new_event_loop()
    store = LedgerStore(LEDGER, url)
    post_and_read(store, loop)
    execute(url, change)
    post_and_read(store, loop)
    store.close()
    loop.close()


def test_statements_are_prepared_again_after_the_session_has_lost_them(url: SecretStr) -> None:
    execute(
        url,
        "CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN DEALLOCATE ALL; RETURN NEW; END $$;"
        "CREATE TRIGGER forget AFTER INSERT ON sample.ledger_entry"
        " FOR EACH ROW EXECUTE FUNCTION forget()",
    )
    with blocking_store(LEDGER, url) as store:
        for number in range(1, 4):
            [outcome] = store.post([Post("ann", Operation.CREDIT_ADD, f"{number}")])
            assert isinstance(outcome, Posted) and outcome.balance == 10 * number
            posts = [Post(owner, Operation.CREDIT_ADD, f"{number}") for owner in ("bob", "cid")]
            assert all(isinstance(outcome, Posted) for outcome in store.post(posts))
