"""Counts the wrong outcomes of each race in many trials, on several services with one database."""

import argparse
from contextlib import ExitStack

from core.testing.databases import throwaway_databases
from core.testing.racers import run_over_http
from core.testing.races import races_of
from core.testing.service_process import PATIENT, service
from sample.limited_ledger import LIMITED_LEDGER as LEDGER


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--services", type=int, default=4)
    parser.add_argument("--workers", type=int, default=1, help="of each service")
    arguments = parser.parse_args()
    with throwaway_databases(durable=True) as databases, ExitStack() as stack:
        url = databases.migrated(LEDGER.name)
        command = ("sample.limited_service", "--workers", str(arguments.workers))
        addresses = [
            stack.enter_context(service(*command, DATABASE_URL=url, **PATIENT)).address
            for _ in range(arguments.services)
        ]
        for make_race in races_of(LEDGER):
            wrong = 0
            for trial in range(1, arguments.trials + 1):
                problems = run_over_http(LEDGER, url, addresses, make_race(LEDGER))
                wrong += bool(problems)
                for problem in problems:
                    print(f"{make_race.__name__}, trial {trial}: {problem}")
                if trial % 20 == 0 or trial == arguments.trials:
                    print(f"{make_race.__name__}: {wrong} wrong in {trial} trials", flush=True)


if __name__ == "__main__":
    main()
