"""A position that is found by time, and the balance there, are those that a plain search finds."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from core.storage import positions
from core.storage.connections import connect
from core.storage.statement_text import names_of
from core.testing.databases import Databases
from sample.ledger import LEDGER

NAMES = names_of(LEDGER)
NOON = datetime(2026, 11, 25, 12, tzinfo=timezone.utc)

# The id and the second of each entry of an owner. Some ids are far apart, and some times are equal.
ENTRIES = st.tuples(
    st.lists(st.integers(1, 60) | st.integers(1, 2**63 - 2), max_size=25, unique=True).map(sorted),
    st.lists(st.integers(0, 20), min_size=25, max_size=25).map(sorted),
).map(lambda columns: list(zip(*columns)))


@pytest.fixture(scope="module")
def engine(databases: Databases) -> Iterator[Engine]:
    engine = connect(databases.migrated("sample"))
    yield engine
    engine.dispose()


def at(second: int) -> datetime:
    return NOON + timedelta(seconds=second)


def insert(connection: Connection, owner: str, entries: list[tuple[int, int]]) -> None:
    """Inserts entries of the amounts 1, 2, 3 and so on."""
    for amount, (id_, second) in enumerate(entries, 1):
        connection.exec_driver_sql(
            "INSERT INTO sample.ledger_entry"
            " (id, operation, amount, nonce, owner_id, created_on) OVERRIDING SYSTEM VALUE"
            " VALUES (%s, 'CREDIT_ADD', %s, %s, %s, %s)",
            (id_, amount, f"{id_}", owner, at(second)),
        )
    connection.exec_driver_sql(
        "INSERT INTO sample.ledger_balance VALUES (%s, %s)", (owner, sum_up(len(entries)))
    )


def sum_up(number: int) -> int:
    return number * (number + 1) // 2


@given(ENTRIES, st.sets(st.integers(1, 60)))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_they_agree_with_a_plain_search(
    engine: Engine, entries: list[tuple[int, int]], others: set[int]
) -> None:
    with engine.connect() as connection:
        insert(connection, "ann", entries)
        free = others - {id_ for id_, _ in entries}
        insert(connection, "bob", [(id_, 0) for id_ in sorted(free)])
        # Compared for each owner and time of a table: the arguments are columns.
        for inclusive in (False, True):
            last = positions.last_entry("asked.owner", "asked.time", inclusive=inclusive)
            query = (
                f"SELECT asked.time, {last} FROM unnest(:owners, :times) AS asked (owner, time)"
            ).format(**NAMES)
            times = [at(second) for second in range(-1, 22)]
            rows = connection.execute(
                text(query), {"owners": ["ann"] * len(times), "times": times}
            ).all()
            assert len(rows) == len(times)
            for time, found in rows:
                early = [
                    id_
                    for id_, second in entries
                    if at(second) < time or inclusive and at(second) == time
                ]
                assert found == max(early, default=0)
        balance = positions.balance_at("asked.owner", "asked.position")
        query = (
            f"SELECT asked.position, {balance}"
            " FROM unnest(:owners, :positions) AS asked (owner, position)"
        ).format(**NAMES)
        wanted = [0, 2**63 - 1, *(id_ + step for id_, _ in entries for step in (-1, 0, 1))]
        for position, found in connection.execute(
            text(query), {"owners": ["ann"] * len(wanted), "positions": wanted}
        ):
            assert found == sum_up(sum(id_ <= position for id_, _ in entries))


def test_an_owner_without_entries_has_neither(engine: Engine) -> None:
    last = positions.last_entry("'cid'", "now()", inclusive=True)
    balance = positions.balance_at("'cid'", "5::bigint")
    with engine.connect() as connection:
        query = f"SELECT {last}, {balance}".format(**NAMES)
        assert connection.exec_driver_sql(query).one() == (0, 0)
