"""How a store behaves when owners are locked, connections are lost, and event loops end."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop
from pydantic import SecretStr

from core.ledgers.errors import DatabaseUnavailable, DatabaseUnreachable
from core.ledgers.outcomes import BatchPosted, Posted
from core.ledgers.requests import Batch, Post
from core.storage.store import LedgerStore
from core.testing.blocking_store import BlockingStore, blocking_store
from core.testing.databases import execute, held, throwaway_databases
from core.testing.unreliable_proxy import proxied
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
        timeouts = {"connect_timeout": 0.3, "statement_timeout": 0.3}
        with blocking_store(LEDGER, through_proxy, **timeouts) as store:
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


def test_a_lost_connection_is_unavailable_and_no_acknowledged_post_is_lost() -> None:
    with throwaway_databases(durable=True) as databases:
        url = databases.migrated("sample")
        store = BlockingStore(LEDGER, url)
        store.post([Post("ann", Operation.CREDIT_ADD, "1")])
        execute(
            url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        with pytest.raises(DatabaseUnreachable):
            store.post([Post("ann", Operation.CREDIT_ADD, "2")])
        # The store has reconnected.
        [outcome] = store.post([Post("ann", Operation.CREDIT_ADD, "2")])
        assert isinstance(outcome, Posted) and outcome.balance == 20
    with pytest.raises(DatabaseUnreachable):
        store.balance("ann")
    store.close()
