"""How posting and reading change as a ledger grows: the same work on a large and a small ledger.

    ./pants run tests/benchmarks/growth.py -- --entries 15000000 --rounds 7

Both ledgers are on one server with default settings, and have the same owners. Nonces are random,
or in the order of time with --ordered. With --history-index, both are large, and the one that is
compared with lacks the index that histories are read by. The ledgers take turns, and each figure is
the median of the rounds' ratios.
"""

import argparse
import sys
import time
import uuid
from collections.abc import Callable
from random import randrange
from statistics import median

from pydantic import SecretStr

from core.ledgers.requests import Post
from core.storage.connections import connect
from core.testing.blocking_store import BlockingStore, blocking_store
from core.testing.databases import execute, throwaway_databases
from sample.ledger import LEDGER
from sample.operations import SampleOperation

OWNERS = 10_000
SMALL = 10 * OWNERS
GROUPS = {"alone": 1, "in groups of 30": 30, "in groups of 300": 300}

Store = BlockingStore[SampleOperation]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=15_000_000, help="of the large ledger")
    parser.add_argument("--ordered", action="store_true", help="nonces in the order of time")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1, help="for each measurement")
    parser.add_argument("--history-index", action="store_true", help="measure what it costs")
    arguments = parser.parse_args()
    compared = "with the index / without" if arguments.history_index else "large ledger / small"
    with throwaway_databases(durable=True) as databases:
        large, other = (databases.migrated(LEDGER.name) for _ in range(2))
        _fill(large, arguments.entries // OWNERS, arguments.ordered)
        _fill(
            other,
            (arguments.entries if arguments.history_index else SMALL) // OWNERS,
            arguments.ordered,
        )
        if arguments.history_index:
            execute(other, "DROP INDEX sample.ix_ledger_entry_owner_id_id")
        with blocking_store(LEDGER, large) as one, blocking_store(LEDGER, other) as two:
            for name, group in GROUPS.items():
                _print(
                    f"posts {name}, {compared}",
                    arguments.rounds,
                    lambda s: _post(s, group, arguments),
                    one,
                    two,
                )
            _print(
                f"balances, {compared}", arguments.rounds, lambda s: _read(s, arguments), one, two
            )
        for url in (large, other):
            size, entries = _size(url)
            print(
                f"bytes on disk for each of {entries:,} entries, with indexes: {size / entries:.0f}"
            )


def _fill(url: SecretStr, entries: int, ordered: bool) -> None:
    """Gives each owner so many entries, in an order in which the owners take turns."""
    begin = time.monotonic()
    nonce = "uuidv7()" if ordered else "gen_random_uuid()"
    engine = connect(url, statement_timeout=3600)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO sample.ledger_balance (owner_id, balance)"
            f" SELECT 'owner-' || n, {entries} FROM generate_series(1, {OWNERS}) AS n"
        )
    for _ in range(entries):
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)"
                f" SELECT 'DAILY_REWARD', 1, {nonce}::text, owner_id"
                " FROM sample.ledger_balance"
            )
    engine.dispose()
    print(f"filled with {entries * OWNERS:,} in {time.monotonic() - begin:.0f} s", file=sys.stderr)
    execute(url, "ANALYZE")


def _post(store: Store, group: int, arguments: argparse.Namespace) -> float:
    def posts() -> list[Post[SampleOperation]]:
        return [
            Post(_owner(), SampleOperation.DAILY_REWARD, _nonce(arguments.ordered))
            for _ in range(group)
        ]

    return group * _rate(lambda: store.post(posts()), arguments.seconds)


def _read(store: Store, arguments: argparse.Namespace) -> float:
    return _rate(lambda: store.balance(_owner()), arguments.seconds)


def _nonce(ordered: bool) -> str:
    """A UUID; if `ordered`, of version 7, which begins with the time in milliseconds."""
    random = uuid.uuid4().hex
    if ordered:
        random = f"{time.time_ns() // 1_000_000:012x}7{random[13:]}"
    return str(uuid.UUID(random))


def _owner() -> str:
    return f"owner-{randrange(1, OWNERS + 1)}"


def _rate(work: Callable[[], object], seconds: float) -> float:
    begin = time.perf_counter()
    times = 0
    while time.perf_counter() < begin + seconds:
        work()
        times += 1
    return times / (time.perf_counter() - begin)


def _print(
    name: str, rounds: int, measure: Callable[[Store], float], one: Store, two: Store
) -> None:
    _ = measure(one), measure(two)  # connect, and read what the caches lack
    ratios = [measure(one) / measure(two) for _ in range(rounds)]
    print(
        f"{name}: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        flush=True,
    )


def _size(url: SecretStr) -> tuple[int, int]:
    """Returns the bytes on disk of all entries, indexes too, and how many entries there are."""
    [(size, entries)] = execute(
        url,
        "SELECT pg_total_relation_size('sample.ledger_entry'), count(*) FROM sample.ledger_entry",
    )
    return size, entries


if __name__ == "__main__":
    main()
