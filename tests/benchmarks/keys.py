"""How much checking a key costs: posts to a service with keys, and to one without.

    ./pants run tests/benchmarks/keys.py -- --rounds 15

Both services post to one database, in turns. Both get the same requests, so that only the check
differs. The figures are medians of the rounds' ratios: of posts per second and, which depends less
on what else the machine does, of posts per second of the service's processor time.
"""

import argparse
from statistics import median

from benchmarks import traffic
from benchmarks.benchmark_services import Running, running
from benchmarks.load import measure
from core.keys.api_keys import new_key
from core.testing.databases import throwaway_databases
from sample.ledger import LEDGER


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=10, help="that the service has")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=2, help="for each measurement")
    parser.add_argument("--connections", type=int, default=64)
    arguments = parser.parse_args()
    keys = [new_key(f"key-{n}", ["read", "post"], None, []) for n in range(arguments.keys)]
    header = f"Authorization: Bearer {keys[-1][0]}"

    def rates(service: Running) -> tuple[float, float]:
        before = service.processor_seconds()
        load = measure(
            service.address,
            traffic.posts_with(header),
            connections=arguments.connections,
            seconds=arguments.seconds,
        )
        assert set(load.statuses) == {201}, load.statuses
        return load.rate, load.statuses.total() / (service.processor_seconds() - before)

    with throwaway_databases(durable=True) as databases:
        url = databases.migrated(LEDGER.name)
        lines = ";".join(line for _, line in keys)
        with running("served", url) as free, running("served", url, API_KEYS=lines) as closed:
            _ = rates(free), rates(closed)  # opens connections, and creates the owners
            rounds: list[tuple[float, ...]] = []
            for number in range(arguments.rounds):
                order = (free, closed) if number % 2 else (closed, free)
                measured = {service: rates(service) for service in order}
                pairs = zip(measured[closed], measured[free], strict=True)
                rounds.append(tuple(one / other for one, other in pairs))
                print(f"round {number + 1}:", *(f"{each:.3f}" for each in rounds[-1]), flush=True)
    for name, each in zip(("second", "second of processor time"), zip(*rounds)):
        print(
            f"posts per {name}, with one of {arguments.keys} keys / without: {median(each):.3f} "
            f"({min(each):.3f} to {max(each):.3f})"
        )


if __name__ == "__main__":
    main()
