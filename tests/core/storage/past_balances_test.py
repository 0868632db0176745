"""What a past balance says never changes, although entries have their times before they commit."""

import random
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from threading import Event

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Engine

from core.ledgers.errors import OwnerIsBusy
from core.ledgers.history import PastBalance
from core.ledgers.requests import Post
from core.storage.event_loop_connection import EventLoopConnection
from core.storage.history_reader import reader
from core.testing.blocking_store import blocking_store
from core.testing.databases import blocked_transactions, execute, held
from core.testing.waiting import until
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation


def now(connection: Connection) -> datetime:
    time: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return time


@contextmanager
def in_background(url: SecretStr, owner_id: str, time: datetime) -> Iterator["Future[PastBalance]"]:
    """Asks for a past balance. The block begins when that waits for a lock."""

    def ask() -> PastBalance:
        with reader(url, lock_timeout=60, statement_timeout=60) as one:
            return one.balance_as_of(owner_id, time)

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask)
        until(lambda: blocked_transactions(url) or answer.done(), "it does not wait")
        assert not answer.done(), f"it did not wait, but answered {answer.result()}"
        yield answer


POSTED = (
    "WITH entry AS (INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)"
    " VALUES ('CREDIT_ADD', 10, 'in progress', 'ann') RETURNING id) SELECT id FROM entry"
)


@pytest.mark.parametrize("commits", [True, False])
@pytest.mark.parametrize("is_new", [True, False])
def test_it_waits_for_a_post_in_progress(
    url: SecretStr, engine: Engine, is_new: bool, commits: bool
) -> None:
    before = PastBalance(0, None)
    if not is_new:
        with blocking_store(LEDGER, url) as store:
            store.post([Post("ann", Operation.BOOKING_REWARD, "before")])
        before = PastBalance(5, 1)
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "INSERT INTO sample.ledger_balance AS b VALUES ('ann', 10)"
            " ON CONFLICT (owner_id) DO UPDATE SET balance = b.balance + 10"
        )
        id_ = connection.exec_driver_sql(POSTED).scalar_one()
        time = now(connection)
        with in_background(url, "ann", time) as answer:
            if commits:
                connection.commit()
            else:
                connection.rollback()
        expected = PastBalance(before.balance + 10, id_) if commits else before
        assert answer.result() == expected
    with reader(url) as one:
        assert one.balance_as_of("ann", time) == expected
    rows = execute(url, "SELECT count(*) FROM sample.ledger_balance")
    assert rows == [(int(commits or not is_new),)], "the wait has left a row behind"


def test_a_post_in_progress_for_too_long_makes_its_owner_busy(url: SecretStr) -> None:
    with blocking_store(LEDGER, url) as store:
        store.post([Post("ann", Operation.CREDIT_ADD, "1")])
        [(time,)] = execute(url, "SELECT clock_timestamp()")
    with reader(url, lock_timeout=0.1) as one:
        with held(url, "sample", "ann"):
            with pytest.raises(OwnerIsBusy):
                one.balance_as_of("ann", time)
            assert one.balance_as_of("bob", time) == PastBalance(0, None)  # the next one works
        assert one.balance_as_of("ann", time) == PastBalance(10, 1)


def test_posts_do_not_wait_while_it_reads_the_entries(url: SecretStr, engine: Engine) -> None:
    with blocking_store(LEDGER, url) as store:
        store.post([Post("ann", Operation.CREDIT_ADD, "1")])
    with engine.connect() as connection:
        time = now(connection)
        # As slow a reading as it gets.
        connection.exec_driver_sql("LOCK TABLE sample.ledger_entry IN ACCESS EXCLUSIVE MODE")
        with in_background(url, "ann", time) as answer:
            with held(url, "sample", "ann"):  # which needs the same lock as a post
                connection.commit()
        assert answer.result() == PastBalance(10, 1)


@pytest.mark.parametrize("behind_pooler", [True, False])
def test_no_answer_ever_changes(
    url: SecretStr, engine: Engine, behind_pooler: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if behind_pooler:  # which has process ids of its own
        monkeypatch.setattr(EventLoopConnection, "process_id", -1)
    answers: list[tuple[str, datetime, PastBalance]] = []
    stop = Event()
    owners = [f"owner {number}" for number in range(80)]

    def post(worker: int) -> None:
        """Posts to owners in order, so that most are new, and some of them to several at once."""
        with blocking_store(LEDGER, url, lock_timeout=60, statement_timeout=60) as store:
            for number, owner in enumerate(owners):
                size = random.choice((1, 1, 30))
                group = [owner, *random.choices(owners[: number + 1], k=size - 1)]
                store.post(
                    [
                        Post(each, Operation.CREDIT_ADD, f"{worker} {number} {index}")
                        for index, each in enumerate(group)
                    ]
                )
                latest[worker] = number

    def ask() -> None:
        timeouts = {"lock_timeout": 60.0, "statement_timeout": 60.0}
        with reader(url, **timeouts) as one, engine.connect() as connection:
            while not stop.is_set():
                owner = owners[min(max(latest) + random.choice((0, 1, 1)), len(owners) - 1)]
                time = now(connection)
                answers.append((owner, time, one.balance_as_of(owner, time)))

    latest = [0, 0, 0]
    with ThreadPoolExecutor(5) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        posting = [pool.submit(post, worker) for worker in range(3)]
        try:
            for each in posting:
                each.result()
        finally:
            stop.set()
        for each in asking:
            each.result()
    with reader(url) as one:
        for owner, time, answer in answers:
            assert one.balance_as_of(owner, time) == answer, f"{owner} at {time}"
    assert answers
