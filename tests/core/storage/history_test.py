"""Pages of entries, single entries and past balances are those of a model in plain Python."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import accumulate, count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from core.ledgers.errors import FutureTime
from core.ledgers.history import EntryWithBalance, Order, PastBalance, Selection
from core.ledgers.outcomes import Entry
from core.storage.connections import connect
from core.storage.history_reader import Reader, reader
from core.testing.databases import Databases
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

NOON = datetime(2025, 11, 25, 12, tzinfo=timezone.utc)
OWNERS = count()


def at(second: int) -> datetime:
    return NOON + timedelta(seconds=second)


@dataclass(frozen=True)
class Ledger:
    """A database, and a reader of it."""

    engine: Engine
    reader: Reader

    def insert(self, owner_id: str, operations: Sequence[Operation], seconds: list[int]) -> None:
        """Inserts entries, as a post would, but with these times."""
        balance = 0
        with self.engine.begin() as connection:
            for number, (operation, second) in enumerate(zip(operations, seconds)):
                amount = LEDGER.amounts[operation] * (number + 1)
                balance += amount
                connection.exec_driver_sql(
                    "INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id,"
                    " created_on) VALUES (%s, %s, %s, %s, %s)",
                    (operation.value, amount, f"{number}", owner_id, at(second)),
                )
                # Others' entries are between those of the owner.
                connection.exec_driver_sql(
                    "INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)"
                    f" VALUES ('CREDIT_ADD', 10, '{owner_id} {number}', 'zoe')"
                )
            if operations:
                connection.exec_driver_sql(
                    "INSERT INTO sample.ledger_balance VALUES (%s, %s)",
                    (owner_id, balance),
                )

    def model(self, owner_id: str) -> list[EntryWithBalance[Operation]]:
        """The owner's entries with their balances, oldest first."""
        with self.engine.connect() as connection:
            rows = connection.exec_driver_sql(
                "SELECT id, operation::text, amount, nonce, owner_id, created_on"
                " FROM sample.ledger_entry WHERE owner_id = %s ORDER BY id",
                (owner_id,),
            ).all()
        entries = [Entry(row[0], Operation(row[1]), *row[2:]) for row in rows]
        balances = accumulate(entry.amount for entry in entries)
        return [EntryWithBalance(entry, balance) for entry, balance in zip(entries, balances)]


@pytest.fixture(scope="module")
def ledger(databases: Databases) -> Iterator[Ledger]:
    url = databases.migrated("sample")
    engine = connect(url)
    with reader(url) as one:
        yield Ledger(engine, one)
    engine.dispose()


# So much is given before anything is taken that no balance is negative.
GIVING = [Operation.CREDIT_ADD, Operation.DAILY_REWARD, Operation.BOOKING_REWARD]
OPERATIONS = st.tuples(
    st.lists(st.sampled_from(GIVING), max_size=6),
    st.lists(st.sampled_from(list(Operation)), max_size=12),
).map(lambda both: [Operation.CREDIT_ADD] * 20 * bool(both[1]) + both[0] + both[1])
SECONDS = st.lists(st.integers(0, 9), min_size=40, max_size=40).map(sorted)
SELECTIONS = st.builds(
    Selection[Operation],
    st.sampled_from(("asc", "desc")),
    st.lists(st.sampled_from(list(Operation)), max_size=3).map(tuple),
    st.none() | st.integers(-1, 11).map(at),
    st.none() | st.integers(-1, 11).map(at),
)
LIMITS = st.lists(st.integers(1, 9), min_size=1, max_size=4)


def selected(
    entries: Sequence[EntryWithBalance[Operation]], selection: Selection[Operation]
) -> list[EntryWithBalance[Operation]]:
    since, until_ = selection.since or at(-1000), selection.until or at(1000)
    operations = selection.operations or tuple(Operation)
    return [
        one
        for one in (entries if selection.order == "asc" else reversed(entries))
        if one.entry.operation in operations and since <= one.entry.created_on < until_
    ]


@given(OPERATIONS, SECONDS, st.lists(st.tuples(SELECTIONS, LIMITS), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_the_pages_of_a_selection_are_its_entries(
    ledger: Ledger,
    operations: list[Operation],
    seconds: list[int],
    reads: list[tuple[Selection[Operation], list[int]]],
) -> None:
    owner = f"owner {next(OWNERS)}"
    ledger.insert(owner, operations, seconds)
    entries = ledger.model(owner)
    for selection, limits in reads:
        assert ledger.reader.entries(owner, selection, limits) == selected(entries, selection)


@given(OPERATIONS, SECONDS)
@settings(max_examples=30, deadline=None)
def test_past_balances_and_single_entries(
    ledger: Ledger, operations: list[Operation], seconds: list[int]
) -> None:
    owner = f"owner {next(OWNERS)}"
    ledger.insert(owner, operations, seconds)
    entries = ledger.model(owner)
    for second in range(-1, 11):
        early = [one for one in entries if one.entry.created_on <= at(second)]
        expected = (
            PastBalance(early[-1].balance, early[-1].entry.id) if early else PastBalance(0, None)
        )
        assert ledger.reader.balance_as_of(owner, at(second)) == expected
    for one in entries:
        assert ledger.reader.entry(owner, one.entry.nonce) == one
    assert ledger.reader.entry(owner, "none has it") is None


def test_an_owner_without_entries_has_no_history_and_is_not_remembered(ledger: Ledger) -> None:
    read = ledger.reader
    orders: tuple[Order, ...] = ("asc", "desc")
    for order in orders:
        for since, until_ in ((None, None), (NOON, at(1))):
            assert read.entries("nobody", Selection(order, (), since, until_)) == []
    assert read.balance_as_of("nobody", NOON) == PastBalance(0, None)
    with ledger.engine.connect() as connection:
        query = "SELECT FROM sample.ledger_balance WHERE owner_id = 'nobody'"
        assert connection.exec_driver_sql(query).all() == []


def test_a_time_that_is_not_over_yet_has_no_balance(ledger: Ledger) -> None:
    read = ledger.reader
    with ledger.engine.connect() as connection:
        now: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    assert read.balance_as_of("nobody", now) == PastBalance(0, None)
    for time in (now + timedelta(minutes=1), datetime.max.replace(tzinfo=timezone.utc)):
        with pytest.raises(FutureTime):
            read.balance_as_of("nobody", time)
