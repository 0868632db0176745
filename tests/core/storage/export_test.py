"""The export of entries: order, balances and times, at one moment, however slow the reader."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from core.ledgers.outcomes import Posted
from core.ledgers.requests import Post
from core.storage.connections import connect
from core.storage.export import exported
from core.testing.blocking_store import BlockingStore, blocking_store
from core.testing.databases import changeable_entries, execute
from core.testing.waiting import until
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

Store = BlockingStore[Operation]


@pytest.fixture
def store(url: SecretStr) -> Iterator[Store]:
    with blocking_store(LEDGER, url, lock_timeout=5) as store:
        yield store


def posted(store: Store, owner_id: str, operation: Operation, nonce: str) -> Posted[Operation]:
    [outcome] = store.post([Post(owner_id, operation, nonce)])
    assert isinstance(outcome, Posted)
    return outcome


def test_entries_are_as_they_were_posted_in_the_order_of_owners_and_ids(
    store: Store, url: SecretStr
) -> None:
    answers = [
        posted(store, owner_id, operation, operation.value.lower())
        for operation in (Operation.CREDIT_ADD, Operation.CREDIT_SPEND, Operation.DAILY_REWARD)
        for owner_id in ("é", "z", "Z")
    ]
    with changeable_entries(url, "sample"):
        execute(url, "UPDATE sample.ledger_entry SET created_on = '2026-01-01' WHERE id = 1")
    expected = [
        (a.entry.owner_id, a.entry.id, a.entry.operation.value, a.entry.amount, a.entry.nonce)
        for a in answers
    ]
    with exported(LEDGER, url) as entries:
        rows = list(entries)
    assert [(e.owner_id, e.id, e.operation, e.amount, e.nonce) for e in rows] == sorted(expected)
    balances = {a.entry.id: a.balance for a in answers}
    assert {e.id: e.balance for e in rows} == balances
    times = {a.entry.id: f"{a.entry.created_on:%Y-%m-%dT%H:%M:%S.%f}Z" for a in answers}
    times[1] = "2026-01-01T00:00:00.000000Z"
    assert {e.id: e.created_on for e in rows} == times


def test_only_the_chosen_owner_is_exported(store: Store, url: SecretStr) -> None:
    for owner_id in ("ann", "bob"):
        posted(store, owner_id, Operation.CREDIT_ADD, "1")
    with exported(LEDGER, url, owner_id="bob") as entries:
        assert [(entry.owner_id, entry.balance) for entry in entries] == [("bob", 10)]
    with exported(LEDGER, url, owner_id="nobody") as entries:
        assert list(entries) == []


def test_posts_in_the_meantime_neither_wait_nor_are_exported(store: Store, url: SecretStr) -> None:
    posted(store, "ann", Operation.CREDIT_ADD, "1")
    with exported(LEDGER, url) as entries:
        posted(store, "ann", Operation.CREDIT_ADD, "2")
        posted(store, "bob", Operation.CREDIT_ADD, "1")
        first = next(entries)
        posted(store, "ann", Operation.CREDIT_ADD, "3")
        assert [(entry.owner_id, entry.nonce) for entry in (first, *entries)] == [("ann", "1")]


@pytest.mark.parametrize(
    "setting, value",
    [("idle_in_transaction_session_timeout", "200ms"), ("transaction_timeout", "2s")],
)
def test_a_slow_reader_keeps_its_snapshot(
    store: Store, url: SecretStr, setting: str, value: str
) -> None:
    [(name,)] = execute(url, "SELECT current_database()")
    execute(
        url,
        "INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)"
        " SELECT 'DAILY_REWARD', 1, n::text, 'ann' FROM generate_series(1, 25000) AS n",
    )
    execute(url, f"ALTER DATABASE \"{name}\" SET {setting} = '{value}'")
    with exported(LEDGER, url) as entries:
        first = next(entries)
        # Another session that is idle begins later, and is ended.
        engine = connect(url)
        with engine.connect() as other:
            [(pid,)] = other.exec_driver_sql("SELECT pg_backend_pid()")
            other.exec_driver_sql(f"SET {setting} = '{value}'")
            ended = f"SELECT WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid})"
            until(lambda: execute(url, ended), "the other session has not been ended")
            other.invalidate()
        engine.dispose()
        assert [first.balance, *(entry.balance for entry in entries)] == list(range(1, 25001))
