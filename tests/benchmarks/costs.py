"""What a feature costs each post: posts to a service with it, and to one without.

    ./pants run tests/benchmarks/costs.py -- keys
    ./pants run tests/benchmarks/costs.py -- metrics

Both services post to one database, in turns, and get the same requests, so that only the feature
differs. They are started several times, as one process can be a few percent slower than another
throughout its life. The figures are medians of the starts: of posts per second and, which depends
less on what else the machine does, of posts per second of the service's processor time. Each start
compares the services' best rounds, as other programs only ever slow a service down.
"""

import argparse
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from operator import truediv
from statistics import median

from pydantic import SecretStr

from benchmarks import traffic
from benchmarks.benchmark_services import Running, running
from benchmarks.load import measure
from core.keys.api_keys import new_key
from core.testing.databases import throwaway_databases
from sample.ledger import LEDGER

Pair = Generator[tuple[Running, Running, str], None, None]


@contextmanager
def with_and_without_keys(url: SecretStr) -> Pair:
    """The services with ten keys and without, and the header of their requests."""
    keys = [new_key(f"key-{n}", ["read", "post"], None, []) for n in range(10)]
    lines = ";".join(line for _, line in keys)
    with running("served", url, API_KEYS=lines) as closed, running("served", url) as free:
        yield closed, free, f"Authorization: Bearer {keys[-1][0]}"


@contextmanager
def with_and_without_metrics(url: SecretStr) -> Pair:
    """The services with metrics and request ids, and without, and a header."""
    with running("served", url) as observed, running("served", url, "unobserved") as unobserved:
        yield observed, unobserved, "Accept: */*"


FEATURES = {"keys": with_and_without_keys, "metrics": with_and_without_metrics}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("feature", choices=FEATURES)
    parser.add_argument("--starts", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=12, help="for each start")
    parser.add_argument("--seconds", type=float, default=0.6, help="for each measurement")
    parser.add_argument("--connections", type=int, default=64)
    arguments = parser.parse_args()

    def rates(service: Running, header: str) -> tuple[float, float]:
        before = service.processor_seconds()
        load = measure(
            service.address,
            traffic.posts_with(header),
            connections=arguments.connections,
            seconds=arguments.seconds,
        )
        assert set(load.statuses) == {201}, load.statuses
        return load.rate, load.statuses.total() / (service.processor_seconds() - before)

    starts: list[tuple[float, float]] = []
    with throwaway_databases(durable=True) as databases:
        url = databases.migrated(LEDGER.name)
        for start in range(arguments.starts):
            with FEATURES[arguments.feature](url) as (dearer, plain, header):
                _ = rates(plain, header), rates(dearer, header)  # creates the owners
                measured: dict[Running, list[tuple[float, float]]] = {dearer: [], plain: []}
                for number in range(arguments.rounds):
                    for service in (plain, dearer) if number % 2 else (dearer, plain):
                        measured[service].append(rates(service, header))
            with_it, without = (map(best, zip(*measured[each])) for each in (dearer, plain))
            by_time, by_processor = map(truediv, with_it, without)
            starts.append((by_time, by_processor))
            print(f"start {start + 1}: {by_time:.3f} {by_processor:.3f}", flush=True)
    for unit, ratios in zip(("second", "second of processor time"), zip(*starts)):
        print(
            f"posts per {unit}, with {arguments.feature} / without: {median(ratios):.3f} "
            f"({min(ratios):.3f} to {max(ratios):.3f})"
        )


def best(rates: Sequence[float]) -> float:
    """The median of the best fifth of the rates."""
    return median(sorted(rates)[-max(1, len(rates) // 5) :])


if __name__ == "__main__":
    main()
