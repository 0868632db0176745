"""A page costs the same wherever it is, whatever PostgreSQL estimates."""

import pytest
from pydantic import SecretStr

from core.ledgers.history import Order, Place, Selection
from core.storage.history_reader import reader
from core.testing.databases import Databases, execute
from core.testing.waiting import until


def rows_read(url: SecretStr, start: Place | None, order: Order) -> dict[str, int]:
    """How many rows of each index of the entries are read for a page."""
    wait_for_other_sessions(url)
    execute(url, "SELECT pg_stat_reset()")
    with reader(url) as one:
        read = one.run(one.history.page("ann", Selection(order), limit=50, start=start))
        assert len(read.entries) == 50
    wait_for_other_sessions(url)
    return dict(
        execute(
            url,
            "SELECT indexrelname, idx_tup_read FROM pg_stat_user_indexes"
            " WHERE schemaname = 'sample' AND relname = 'ledger_entry' AND idx_tup_read > 0"
            " UNION ALL SELECT 'without an index', seq_tup_read FROM pg_stat_user_tables"
            " WHERE schemaname = 'sample' AND relname = 'ledger_entry' AND seq_tup_read > 0",
        )
    )


def wait_for_other_sessions(url: SecretStr) -> None:
    """Returns when they have ended: a session reports its statistics when it ends."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    until(lambda: execute(url, query) == [(1,)], "another session has not ended")


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_page_costs_the_same_at_the_front_and_at_the_end_of_many_entries(
    databases: Databases, order: Order
) -> None:
    url = databases.migrated("sample")
    # Between those of another owner, and with statistics, with which PostgreSQL would rather read
    # the table, or the entries of both in the order of their ids.
    execute(
        url,
        "INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)"
        " SELECT 'DAILY_REWARD', 1, n::text, CASE WHEN mod(n, 10) < 4 THEN 'ann' ELSE 'bob' END"
        " FROM generate_series(1, 50000) AS n;"
        "INSERT INTO sample.ledger_balance SELECT owner_id, sum(amount) FROM sample.ledger_entry"
        " GROUP BY owner_id;"
        "ANALYZE sample.ledger_entry",
    )
    deep = Place(49_000, 19_600) if order == "asc" else Place(1_000, 400)
    front, end = rows_read(url, None, order), rows_read(url, deep, order)
    assert set(front) == set(end) == {"ix_ledger_entry_owner_id_id"}
    # The first page reads a few more: those that tell the balance where it begins.
    assert 51 <= sum(end.values()) <= sum(front.values()) <= 60
