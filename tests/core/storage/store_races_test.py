"""How the store handles locks that other transactions hold, and batches that are refused."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, text

from core.ledgers.errors import DatabaseUnavailable
from core.ledgers.outcomes import (
    BatchPosted,
    BatchRefused,
    BatchRepeated,
    Duplicate,
    Insufficient,
    OwnerBusy,
    Posted,
)
from core.ledgers.requests import Batch, Post
from core.storage.connections import connect
from core.testing.blocking_store import BlockingStore, blocking_store
from core.testing.databases import blocked_transactions, execute
from core.testing.waiting import until
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

Store = BlockingStore[Operation]


@contextmanager
def store_of(url: SecretStr, *, lock_timeout: float = 60) -> Iterator[Store]:
    with blocking_store(LEDGER, url, lock_timeout=lock_timeout, statement_timeout=60) as store:
        yield store


@pytest.fixture
def store(url: SecretStr) -> Iterator[Store]:
    with store_of(url) as store:
        yield store


@pytest.fixture
def competing(url: SecretStr) -> Iterator[Engine]:
    engine = connect(url, lock_timeout=60, statement_timeout=60)
    yield engine
    engine.dispose()


def credit(owner_id: str, nonce: str) -> Post[Operation]:
    return Post(owner_id, Operation.CREDIT_ADD, nonce)


def spend(owner_id: str, nonce: str) -> Post[Operation]:
    return Post(owner_id, Operation.CREDIT_SPEND, nonce)


def lock(other: Connection, owner_id: str) -> None:
    query = "SELECT FROM sample.ledger_balance WHERE owner_id = :owner_id FOR UPDATE"
    assert other.execute(text(query), {"owner_id": owner_id}).rowcount == 1


def posted_keys(url: SecretStr) -> list[tuple[str, str]]:
    """The owner and the nonce of each entry, in the order in which they were posted."""
    rows = execute(url, "SELECT owner_id, nonce FROM sample.ledger_entry ORDER BY id")
    return [(owner_id, nonce) for owner_id, nonce in rows]


def test_a_transaction_is_retried_after_a_deadlock(
    url: SecretStr, store: Store, competing: Engine
) -> None:
    store.post([credit(owner_id, "1") for owner_id in ("ann", "bob", "zoe")])
    with (
        store_of(url) as victim,
        ThreadPoolExecutor() as pool,
        competing.connect() as gate,
        competing.connect() as other,
    ):
        # PostgreSQL looks for a deadlock once, some time after a transaction has begun to wait, and
        # cancels the transaction that finds one. Here that is the store's, which closes the circle.
        other.execute(text("SET deadlock_timeout = '10min'"))
        lock(gate, "bob")
        lock(other, "zoe")
        posts = [credit("ann", "2"), spend("bob", "2"), spend("zoe", "2")]
        posting = pool.submit(victim.post, posts)
        until(lambda: blocked_transactions(url) == 1, "the store is not waiting for bob")
        locking = pool.submit(lock, other, "ann")
        until(lambda: blocked_transactions(url) == 2, "nothing waits for the store")
        gate.rollback()  # the store goes on to zoe
        locking.result()  # returns once the store's transaction has been cancelled
        assert not posting.done()
        other.rollback()
        outcomes = posting.result()
    assert [o.balance for o in outcomes if isinstance(o, Posted)] == [20, 9, 9]
    assert posted_keys(url) == [
        *((owner_id, "1") for owner_id in ("ann", "bob", "zoe")),
        *((owner_id, "2") for owner_id in ("ann", "bob", "zoe")),
    ]
    # A session reports its deadlocks when it is idle or ends, and not while it waits for a lock.
    name = execute(url, "SELECT current_database()")[0][0]
    deadlocks = f"SELECT deadlocks FROM pg_stat_database WHERE datname = '{name}'"
    # There may be several: a retry can lock ann again before the other transaction wakes up.
    until(lambda: execute(url, deadlocks) > [(0,)], "there was no deadlock")
    assert store.discrepancies() == []


@pytest.mark.parametrize("failures", [1, 4, 5])
def test_a_transaction_that_cannot_be_serialized_is_tried_at_most_five_times(
    url: SecretStr, store: Store, failures: int
) -> None:
    store.post([credit("ann", "1"), credit("bob", "1")])
    execute(
        url,
        f"""
        CREATE SEQUENCE tries;
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('tries') <= {failures} THEN
                RAISE EXCEPTION 'not serializable' USING ERRCODE = 'serialization_failure';
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER fail AFTER INSERT ON sample.ledger_entry EXECUTE FUNCTION fail();
        """,
    )
    posts = [credit("ann", "2"), credit("bob", "2")]
    if failures < 5:
        assert all(isinstance(outcome, Posted) for outcome in store.post(posts))
        assert len(posted_keys(url)) == 4
    else:
        with pytest.raises(DatabaseUnavailable):
            store.post(posts)
        assert len(posted_keys(url)) == 2
    assert execute(url, "SELECT last_value FROM tries") == [(min(failures + 1, 5),)]
    assert store.discrepancies() == []


def test_a_single_post_that_loses_a_race_for_its_nonce_is_a_duplicate(
    url: SecretStr, store: Store, competing: Engine
) -> None:
    store.post([credit("ann", "1")])
    with (
        store_of(url) as rival,
        ThreadPoolExecutor() as pool,
        competing.connect() as other,
    ):
        lock(other, "ann")
        posting = [pool.submit(each.post, [spend("ann", "2")]) for each in (store, rival)]
        # By then both have seen that the nonce is unused.
        until(lambda: blocked_transactions(url) == 2, "the stores are not both waiting")
        other.rollback()
        outcomes = [outcome for future in posting for outcome in future.result()]
    [posted] = [outcome for outcome in outcomes if isinstance(outcome, Posted)]
    [duplicate] = [outcome for outcome in outcomes if isinstance(outcome, Duplicate)]
    assert duplicate.original == posted.entry
    assert posted.balance == store.balance("ann") == 9
    assert posted_keys(url) == [("ann", "1"), ("ann", "2")]


def test_concurrent_single_spends_never_overdraw(
    url: SecretStr, store: Store, competing: Engine
) -> None:
    store.post([Post("ann", Operation.DAILY_REWARD, "1")])
    with (
        store_of(url) as rival,
        ThreadPoolExecutor() as pool,
        competing.connect() as other,
    ):
        lock(other, "ann")
        posting = [
            pool.submit(each.post, [spend("ann", nonce)])
            for each, nonce in ((store, "2"), (rival, "3"))
        ]
        until(lambda: blocked_transactions(url) == 2, "the stores are not both waiting")
        other.rollback()
        outcomes = [outcome for future in posting for outcome in future.result()]
    assert Insufficient(-1, 0) in outcomes
    assert sum(isinstance(outcome, Posted) for outcome in outcomes) == 1
    assert store.balance("ann") == 0
    assert len(posted_keys(url)) == 2


def test_a_refused_batch_writes_nothing(url: SecretStr, store: Store) -> None:
    batch = Batch((credit("ann", "1"), spend("ann", "2"), spend("bob", "1")))
    assert store.post_batches([batch]) == [BatchRefused(2, Insufficient(-1, 0))]
    assert posted_keys(url) == execute(url, "SELECT FROM sample.ledger_balance") == []


def test_a_refused_batch_does_not_affect_the_others_in_its_transaction(
    url: SecretStr, store: Store
) -> None:
    refused = Batch((credit("ann", "1"), spend("bob", "1")))
    later = Batch((credit("ann", "1"), spend("ann", "2")))
    outcomes = store.post_batches(
        [Batch((credit("cat", "1"),)), refused, Batch((spend("ann", "1"),)), later, later]
    )
    first, second, third, fourth, fifth = outcomes
    assert isinstance(first, BatchPosted) and isinstance(fourth, BatchPosted)
    assert second == BatchRefused(1, Insufficient(-1, 0))
    assert third == BatchRefused(0, Insufficient(-1, 0))  # without the credit of the refused batch
    assert [posted.balance for posted in fourth.posted] == [10, 9]
    assert fifth == BatchRepeated(tuple(posted.entry for posted in fourth.posted))
    assert posted_keys(url) == [("cat", "1"), ("ann", "1"), ("ann", "2")]
    assert (store.balance("ann"), store.balance("bob"), store.balance("cat")) == (9, 0, 10)
    assert store.discrepancies() == []


def test_only_the_batches_of_a_busy_owner_are_busy(
    url: SecretStr, store: Store, competing: Engine
) -> None:
    store.post([credit("ann", "1"), credit("bob", "1")])
    batches = [
        Batch((credit("bob", "2"),)),
        Batch((credit("ann", "2"),)),
        Batch((credit("new", "1"), credit("bob", "3"))),
        Batch((credit("bob", "4"), credit("ann", "4"))),
        Batch((spend("poor", "1"),)),
    ]
    with store_of(url, lock_timeout=0.2) as impatient, competing.connect() as other:
        lock(other, "ann")
        first, busy, third, busy_too, refused = impatient.post_batches(batches)
        assert (busy, busy_too) == (OwnerBusy(), OwnerBusy())
        assert isinstance(first, BatchPosted) and isinstance(third, BatchPosted)
        assert [posted.balance for posted in [*first.posted, *third.posted]] == [20, 10, 30]
        assert refused == BatchRefused(0, Insufficient(-1, 0))
        assert impatient.post_batches(batches[1:2] * 2) == [OwnerBusy(), OwnerBusy()]
        other.rollback()
        [again] = impatient.post_batches(batches[3:4])
        assert isinstance(again, BatchPosted)
        assert [posted.balance for posted in again.posted] == [40, 20]
    assert store.discrepancies() == []
