"""Concurrent batches of an owner that has no balance yet, whose row another transaction inserts."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Engine

from core.ledgers.outcomes import BatchOutcome, BatchPosted
from core.ledgers.requests import Batch, Post
from core.storage import statements
from core.testing.blocking_store import BlockingStore, blocking_store
from core.testing.databases import execute
from core.testing.waiting import until
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

# Where the slow store stops, each until an advisory lock is released.
AFTER_LOCKING, BEFORE_WRITING = 1, 2


def stop_at(place: int) -> str:
    return f"SELECT pg_advisory_xact_lock_shared({place});"


@pytest.fixture
def slow_store(
    url: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BlockingStore[Operation]]:
    locking, changing = "_LOCK_OWNERS", "_CHANGE_BALANCES"
    lock, change = getattr(statements, locking), getattr(statements, changing)
    monkeypatch.setattr(statements, locking, lock + stop_at(AFTER_LOCKING))
    monkeypatch.setattr(statements, changing, stop_at(BEFORE_WRITING) + change)
    with blocking_store(LEDGER, url, lock_timeout=60, statement_timeout=60) as store:
        monkeypatch.undo()
        yield store


def hold(other: Connection, place: int) -> None:
    other.exec_driver_sql(f"SELECT pg_advisory_lock({place})")


def release(other: Connection, place: int) -> None:
    other.exec_driver_sql(f"SELECT pg_advisory_unlock({place})")


def waits_at(url: SecretStr, place: int) -> object:
    return execute(
        url, f"SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = {place} AND NOT granted"
    )


def post(store: BlockingStore[Operation], name: str) -> list[BatchOutcome[Operation]]:
    posts = (Post("ann", Operation.CREDIT_ADD, f"{name} {number}") for number in (1, 2))
    return store.post_batches([Batch(tuple(posts))])


def test_a_row_that_appears_after_the_locking_is_not_taken_for_locked(
    url: SecretStr, engine: Engine, slow_store: BlockingStore[Operation]
) -> None:
    with (
        engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other,
        blocking_store(LEDGER, url, lock_timeout=60, statement_timeout=60) as fast_store,
        ThreadPoolExecutor(2) as pool,
    ):
        hold(other, AFTER_LOCKING)
        hold(other, BEFORE_WRITING)
        slow = pool.submit(post, slow_store, "slow")
        until(lambda: waits_at(url, AFTER_LOCKING), "the slow store has not locked ann")
        execute(url, "INSERT INTO sample.ledger_balance VALUES ('ann', 0)")
        release(other, AFTER_LOCKING)
        until(lambda: waits_at(url, BEFORE_WRITING), "the slow store has not decided")
        fast = pool.submit(post, fast_store, "fast")
        waits = "SELECT FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted"
        until(lambda: fast.done() or execute(url, waits), "the fast store does not post")
        release(other, BEFORE_WRITING)
        for outcomes in (slow.result(), fast.result()):
            assert all(isinstance(outcome, BatchPosted) for outcome in outcomes)
        assert fast_store.discrepancies() == []
        assert fast_store.balance("ann") == 40
