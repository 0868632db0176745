"""Measures the ledger against its upper bounds and against alternatives, all in one run.

    ./pants run tests/benchmarks/performance.py -- --rounds 5 --seconds 2 --posts 1000000

Prints its progress and a table, and writes the table and a plot to --output. Each round runs every
scenario, and a figure is the median of its ratios within one round, so a machine that is slow for a
while affects both sides of a ratio.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from pydantic import SecretStr

from benchmarks import pgbench, report, traffic
from benchmarks.benchmark_services import running
from benchmarks.figures import FIGURES, Round
from benchmarks.load import measure
from core.ledgers.history import Place, Selection
from core.service.cursors import cursor
from core.storage.connections import connect
from core.storage.verification import verify
from core.testing.databases import execute, throwaway_databases
from sample.ledger import LEDGER

CONNECTIONS = (1, 16, 64, 256)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="per scenario and round")
    parser.add_argument(
        "--posts", type=int, default=1_000_000, help="before memory is measured again"
    )
    parser.add_argument("--output", type=Path, default=Path("dist/performance"))
    arguments = parser.parse_args()
    with throwaway_databases(durable=True) as databases:
        url = databases.migrated(LEDGER.name)
        _fill(url)
        with (
            running("served", url) as ledger,
            running("served", url, "limited") as limited,
            running("served", url, "two-workers") as two,
            running("served", url, "unobserved") as unobserved,
            running("naive", databases.empty()) as naive,
        ):
            services = (ledger, limited, two, unobserved, naive)
            addresses = [service.address for service in services]
            scenarios = _scenarios(url, addresses, arguments.seconds)
            for run in scenarios.values():
                run()  # a warm-up: opens connections, for example
            rounds: list[Round] = []
            for number in range(1, arguments.rounds + 1):
                rounds.append({})
                for name, run in scenarios.items():
                    rounds[-1][name] = run()
                    progress = f"round {number} of {arguments.rounds}: {name}"
                    print(f"{progress:<60}{rounds[-1][name]:>10,.0f}/s", file=sys.stderr)
        for one in rounds:
            one |= _start(url, databases.empty())
        rounds[-1] |= _memory(url, arguments.posts)
        rounds[-1] |= _verification(url)
        version = str(execute(url, "SHOW server_version")[0][0])
    report.write(FIGURES, rounds, version, arguments.output)


def _fill(url: SecretStr) -> None:
    """Gives most owners one entry and some owners many, and updates the table statistics."""
    owners = [(f"owner-{number}", 1) for number in range(traffic.OWNERS)]
    owners += [(traffic.HOT, 1), ("ten-thousand", 10_000), ("a-million", 1_000_000)]
    engine = connect(url, statement_timeout=600)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO sample.ledger_balance (owner_id, balance) VALUES (%s, %s)", owners
        )
        connection.exec_driver_sql(
            "INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)"
            " SELECT 'DAILY_REWARD', 1, n::text, owner_id"
            " FROM sample.ledger_balance, generate_series(1, balance) AS n"
        )
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()


def _scenarios(
    url: SecretStr, addresses: Sequence[str], seconds: float
) -> dict[str, Callable[[], float]]:
    """The scenarios by name. Each returns responses, posts or entries per second."""
    ledger, limited, two_workers, unobserved, naive = addresses

    def http(requests: traffic.Requests, connections: int = 64, address: str = ledger) -> float:
        load = measure(address, requests, connections=connections, seconds=seconds)
        failed = {status: n for status, n in load.statuses.items() if status >= 500}
        assert not failed, f"responses by status: {load.statuses}"
        return load.rate

    def post(
        connections: int = 64,
        address: str = ledger,
        path: str = "/ledger",
        owners: traffic.Owners = traffic.spread,
        **shares: float,
    ) -> float:
        return http(traffic.posts(owners, path=path, **shares), connections, address)

    def read(
        owners: traffic.Owners = traffic.spread,
        path: str = "/ledger",
        connections: int = 64,
        of: str = "",
    ) -> float:
        return http(traffic.reads(owners, path=path, of=of), connections)

    def database(script: str, connections: int = 64, *, prepared: bool = False) -> float:
        return pgbench.rate(
            url, script, connections=connections, seconds=seconds, prepared=prepared
        )

    def batches(size: int, connections: int) -> float:
        return size * http(traffic.batches(size), connections)

    scenarios: dict[str, Callable[[], float]] = {}
    for n in CONNECTIONS:
        scenarios[f"ceiling of POST, {n}"] = partial(post, n, path="/ceiling")
        scenarios[f"POST, {n}"] = partial(post, n)
    return scenarios | {
        "POST, unobserved": partial(post, address=unobserved),
        "POST, Zipf": partial(post, owners=traffic.zipf),
        "POST, one hot owner": partial(post, owners=traffic.hot),
        "POST, 10 % duplicates": partial(post, duplicates=0.1),
        "POST, 10 % refusals": partial(post, refusals=0.1),
        "POST, 10 % new owners": partial(post, new_owners=0.1),
        "POST with a quantity": lambda: http(
            traffic.posts_of("BOOKING_REWARD", quantity=7), address=limited
        ),
        "POST with a limit": lambda: http(traffic.posts_of("SIGNUP_CREDIT"), address=limited),
        "POST, 2 workers": partial(post, address=two_workers),
        "naive service": partial(post, address=naive),
        "pgbench, 1": partial(database, pgbench.SPREAD, 1),
        "pgbench, 1, prepared": partial(database, pgbench.SPREAD, 1, prepared=True),
        "pgbench": partial(database, pgbench.SPREAD),
        "pgbench, prepared": partial(database, pgbench.SPREAD, prepared=True),
        "pgbench, one hot row": partial(database, pgbench.HOT, prepared=True),
        "ceiling of GET": partial(read, path="/ceiling"),
        "GET": read,
        "ceiling of GET, 1": partial(read, path="/ceiling", connections=1),
        "GET, 1": partial(read, connections=1),
        "GET, 10,000 entries": partial(read, traffic.only("ten-thousand")),
        "GET, 1,000,000 entries": partial(read, traffic.only("a-million")),
        **{name: partial(read, *each) for name, each in _history(url).items()},
        "batch of 1": partial(batches, 1, 64),
        "batch of 100": partial(batches, 100, 16),
        "batch of 1,000": partial(batches, 1000, 4),
    }


def _history(url: SecretStr) -> dict[str, tuple[traffic.Owners, str, int, str]]:
    """Reads of histories: the owners, the path, the connections, and the end of the path."""
    [(early, middle, now)] = execute(
        url,
        "SELECT (array_agg(id ORDER BY id))[1000], percentile_disc(0.5) WITHIN GROUP"
        " (ORDER BY created_on), clock_timestamp()"
        " FROM sample.ledger_entry WHERE owner_id = 'a-million'",
    )
    deep = cursor(LEDGER, "a-million", Selection(), Place(early, 1000))
    many = traffic.only("a-million")
    return {
        "entries": (many, "/ledger", 64, "/entries"),
        "entries after 1,000,000": (many, "/ledger", 64, f"/entries?cursor={deep}"),
        "GET as of a time": (traffic.spread, "/ledger", 64, f"?as_of={_query(now)}"),
        "GET as of the middle of 1,000,000": (many, "/ledger", 64, f"?as_of={_query(middle)}"),
    }


def _query(time: datetime) -> str:
    return quote(time.isoformat())


def _start(url: SecretStr, naive_url: SecretStr) -> Round:
    """How many times per second each service could start, one start after another."""
    rates: Round = {}
    for module, at in (("served", url), ("naive", naive_url)):
        with running(module, at) as service:
            rates[f"start of {module}"] = 1 / service.seconds_to_start
    return rates


def _memory(url: SecretStr, posts: int) -> Round:
    with running("served", url) as service:
        requests = traffic.posts()
        memory: Round = {}
        for number in (10_000, posts):
            print(f"memory after {number:,} posts", file=sys.stderr)
            load = measure(service.address, islice(requests, number), connections=64)
            assert load.statuses == {201: number}, load.statuses
            memory[f"memory after {'few' if not memory else 'many'} posts"] = service.memory()
        return memory


def _verification(url: SecretStr) -> Round:
    """How many entries are verified per second."""
    begin = time.perf_counter()
    verification = verify(LEDGER, url)
    seconds = time.perf_counter() - begin
    assert verification.findings == []
    print(f"verified {verification.entries:,} entries in {seconds:.1f} s", file=sys.stderr)
    return {"`verify`, entries": verification.entries / seconds}


if __name__ == "__main__":
    main()
