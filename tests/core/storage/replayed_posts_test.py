"""A replay of stored posts refuses those that another release of the service would refuse."""

from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from core.ledgers.description import described_operations
from core.ledgers.errors import DatabaseUnavailable, InvalidQuantity
from core.ledgers.ledger import Ledger, at_most, once, once_per, per_unit
from core.ledgers.outcomes import Insufficient, LimitReached, Posted
from core.ledgers.requests import Post
from core.storage.damaged_books import change
from core.storage.replayed_posts import replayed
from core.testing.blocking_store import BlockingStore, blocking_store
from core.testing.database_clock import DatabaseClock, database_clock
from core.testing.databases import Databases, delete_all_entries, execute
from sample.operations import SampleOperation as Operation

BEGIN = datetime(2026, 10, 23, 12, tzinfo=timezone.utc)
FORMER = Ledger(
    name="sample",
    operations=Operation,
    amounts={Operation.BOOKING_REWARD: 5},
    overrides={Operation.CREDIT_SPEND: per_unit(-1, at_most=10)},
    limits={Operation.DAILY_REWARD: at_most(3, per="day", timezone="Europe/Berlin")},
)
DESCRIBED = {each["operation"]: each for each in described_operations(FORMER)}
NEW = Ledger(
    name="sample",
    operations=Operation,
    amounts={Operation.BOOKING_REWARD: -2},
    overrides={
        Operation.CREDIT_SPEND: per_unit(-2, at_most=7, formerly=(-1,)),
        Operation.CREDIT_ADD: 6,
    },
    limits={
        Operation.DAILY_REWARD: at_most(2, per="day", timezone="Europe/Berlin"),
        Operation.SIGNUP_CREDIT: once(),
        Operation.CREDIT_ADD: at_most(2, per="month", timezone="Asia/Kolkata"),
        Operation.BOOKING_REWARD: once_per("week"),
    },
)
OWNERS = st.sampled_from(["ann", "bob"])
OPERATIONS = st.sampled_from([*Operation])
STEPS = st.lists(
    st.tuples(OWNERS, OPERATIONS, st.integers(1, 10), st.integers(1, 60)), min_size=1, max_size=25
)


class Release(NamedTuple):
    """A database with a clock, and the stores of both releases on it."""

    url: SecretStr
    clock: DatabaseClock
    former: BlockingStore[Operation]
    new: BlockingStore[Operation]

    def empty(self) -> None:
        delete_all_entries(self.url, "sample")


@pytest.fixture(scope="module")
def releases(databases: Databases) -> Generator[tuple[Release, Release], None, None]:
    """Two databases, of which the second one is posted to by both releases, one after another."""
    with ExitStack() as stack:

        def release() -> Release:
            url = databases.migrated("sample")
            clock = stack.enter_context(database_clock(url, "sample"))
            stores = [
                stack.enter_context(blocking_store(ledger, url, clock=clock.sql))
                for ledger in (FORMER, NEW)
            ]
            return Release(url, clock, *stores)

        yield release(), release()


@settings(max_examples=25, deadline=None)
@given(steps=STEPS, data=st.data())
def test_a_replay_refuses_what_the_new_release_does(
    releases: tuple[Release, Release],
    steps: list[tuple[str, Operation, int, int]],
    data: st.DataObject,
) -> None:
    posted, expected = releases
    deployed = data.draw(st.integers(0, len(steps)), label="posts before the replay")
    for each in releases:
        each.empty()
    now, since = BEGIN, datetime.max.replace(tzinfo=timezone.utc)
    refused: Counter[tuple[str, str]] = Counter()
    for number, (owner, operation, quantity, hours) in enumerate(steps):
        now += timedelta(hours=hours)
        if number == deployed:
            since = now
        for each in releases:
            each.clock.set(now)
        quantity = quantity if operation is Operation.CREDIT_SPEND else 1
        post = Post(owner, operation, f"{number}", quantity)
        if not isinstance(posted.former.post([post])[0], Posted):
            continue
        if number < deployed:
            assert isinstance(expected.former.post([post])[0], Posted)
        elif code := code_of(expected.new, post):
            refused[operation.value, code] += 1
    replay = replayed(NEW, posted.url, since=since, former=DESCRIBED)
    assert refused == Counter(
        {
            (operation, code): number
            for operation, count in replay.counts.items()
            for code, number in count.refused.items()
        }
    )


def code_of(store: BlockingStore[Operation], post: Post[Operation]) -> str | None:
    """Posts, and returns the code of the refusal, if it is refused."""
    try:
        store.ledger.amount_of(post.operation, post.quantity)
    except InvalidQuantity as error:
        return error.code
    match store.post([post]):
        case [Posted()]:
            return None
        case [Insufficient()]:
            return "insufficient_balance"
        case [LimitReached()]:
            return "limit_reached"
        case other:
            raise AssertionError(other)


@pytest.fixture
def filled(url: SecretStr) -> SecretStr:
    """A database in which ann has 12 credits, of which she has spent 2 at 11:00 and 3 at noon."""
    execute(
        url,
        """
        INSERT INTO sample.ledger_balance VALUES ('ann', 7), ('bob', 3);
        INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id, created_on) VALUES
          ('CREDIT_ADD', 10, '1', 'ann', '2026-11-01T10:00Z'),
          ('SIGNUP_CREDIT', 3, '1', 'bob', '2026-11-01T10:00Z'),
          ('CREDIT_SPEND', -2, '2', 'ann', '2026-11-02T11:00Z'),
          ('CREDIT_SPEND', -1, '3', 'ann', '2026-11-02T12:00Z');
        """,
    )
    return url


def test_only_posts_since_then_are_replayed(filled: SecretStr) -> None:
    def posts(day: int, hour: int = 0, second: int = 0) -> tuple[int, int]:
        since = datetime(2026, 11, day, hour, 0, second, tzinfo=timezone.utc)
        replay = replayed(FORMER, filled, since=since)
        assert replay.refused == 0
        return replay.posts, replay.owners

    assert posts(1) == (4, 2)
    assert posts(2, 11) == (2, 1)
    assert posts(2, 11, 1) == (1, 1)
    assert posts(3) == (0, 0)


def test_a_database_of_a_former_release_is_enough(filled: SecretStr) -> None:
    change(filled, "UPDATE sample.ledger_entry SET operation = 'BOOKING_REWARD' WHERE nonce = '2'")
    execute(filled, "DROP TABLE sample.alembic_version_sample")
    execute(filled, "ALTER TYPE sample.ledger_operation RENAME VALUE 'BOOKING_REWARD' TO 'GONE'")
    replay = replayed(FORMER, filled, since=BEGIN)
    assert dict(replay.counts["GONE"].refused) == {"unknown_operation": 1}
    assert replay.refused == 1


def test_nothing_is_written_and_posts_do_not_wait(filled: SecretStr) -> None:
    state = "SELECT * FROM sample.ledger_entry, sample.ledger_balance ORDER BY 1, 7"
    before = execute(filled, state)
    with blocking_store(FORMER, filled) as store:

        def post(_: int, __: object) -> None:
            [outcome] = store.post([Post("ann", Operation.CREDIT_ADD, "meanwhile")])
            assert isinstance(outcome, Posted)

        replay = replayed(FORMER, filled, since=BEGIN, on_progress=post)
    assert replay.posts == 4
    change(filled, "DELETE FROM sample.ledger_entry WHERE nonce = 'meanwhile'")
    execute(filled, "UPDATE sample.ledger_balance SET balance = 7 WHERE owner_id = 'ann'")
    assert execute(filled, state) == before


def test_a_query_that_takes_too_long_ends(filled: SecretStr) -> None:
    # Evaluated for each entry, before the first one is returned.
    execute(
        filled,
        """
        CREATE FUNCTION public.slow(text) RETURNS text LANGUAGE sql VOLATILE
        RETURN (SELECT $1 FROM pg_sleep(20));
        ALTER TABLE sample.ledger_entry RENAME TO stored;
        CREATE VIEW sample.ledger_entry AS
        SELECT id, operation, amount, nonce, public.slow(owner_id) AS owner_id, created_on
        FROM sample.stored;
        """,
    )
    with pytest.raises(DatabaseUnavailable, match=r"within 0\.2 s: replay fewer days"):
        replayed(FORMER, filled, since=BEGIN, statement_timeout=0.2)
