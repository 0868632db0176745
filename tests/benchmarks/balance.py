"""Compares reading the balance of an owner with many entries to that of an owner with one."""

import argparse
import statistics
import time

from apps.travel.ledger import LEDGER
from core.database.engine import connect
from core.ledgers.store import LedgerStore
from core.testing.databases import throwaway_server

ROUNDS = 50
READS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    entries: int = parser.parse_args().entries
    with throwaway_server(durable=True) as databases:
        engine = connect(databases.migrated(LEDGER.name), statement_timeout=600)
        for owner_id, number in (("one", 1), ("many", entries)):
            with engine.begin() as connection:
                connection.exec_driver_sql(
                    "INSERT INTO travel.ledger_entry (operation, amount, nonce, owner_id)"
                    f" SELECT 'DAILY_REWARD', 1, n::text, '{owner_id}'"
                    f" FROM generate_series(1, {number}) AS n"
                )
                connection.exec_driver_sql(
                    f"INSERT INTO travel.ledger_balance VALUES ('{owner_id}', {number})"
                )
        store = LedgerStore(LEDGER, engine)
        assert store.discrepancies() == []

        def seconds(owner_id: str) -> float:
            start = time.perf_counter()
            for _ in range(READS):
                store.balance(owner_id)
            return time.perf_counter() - start

        ratios = [seconds("many") / seconds("one") for _ in range(ROUNDS)]  # interleaved
        engine.dispose()
    low, median, high = min(ratios), statistics.median(ratios), max(ratios)
    print(f"balance of an owner with {entries:,} entries / with 1 entry:")
    print(f"  median {median:.2f} of {ROUNDS} rounds of {READS} reads ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
