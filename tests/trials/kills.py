"""Kills services and workers many times under load, also behind PgBouncer: nothing may be lost."""

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

from pydantic import SecretStr

from core.service.killed_services import (
    Traffic,
    assert_nothing_is_lost,
    kill_under_load,
    kill_workers_under_load,
)
from core.testing.databases import Databases, throwaway_databases
from core.testing.pgbouncer import PGBOUNCER, pooled

_AFTER = (1, 7, 40, 150)  # acknowledged entries
_IN_TRANSACTION = 5  # every fifth kill


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    arguments = parser.parse_args()
    with throwaway_databases() as databases:
        trial(databases, arguments.kills, behind_pooler=False)
        trial_of_workers(databases, arguments.kills // 2)
        if PGBOUNCER is None:
            print("PgBouncer is not installed")
        else:
            trial(databases, arguments.kills // 2, behind_pooler=True)


def trial(databases: Databases, kills: int, *, behind_pooler: bool) -> None:
    url = databases.migrated("sample")
    traffic = Traffic()
    with ExitStack() as stack:
        through: SecretStr = url
        if behind_pooler:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            through = stack.enter_context(pooled(url, "transaction", folder))
        for run in range(kills):
            kill_under_load(
                traffic,
                url,
                through,
                run,
                after=_AFTER[run % len(_AFTER)],
                in_transaction=run % _IN_TRANSACTION == 0,
            )
        assert_nothing_is_lost(traffic, url, through)
    where = "behind PgBouncer" if behind_pooler else "directly"
    print(
        f"{kills} kills, {where}: {len(traffic.sent)} requests, {len(traffic.acknowledged)} "
        "acknowledged entries, none lost, none posted twice",
        flush=True,
    )


def trial_of_workers(databases: Databases, kills: int) -> None:
    clients = kill_workers_under_load(databases.migrated("sample"), workers=4, kills=kills)
    print(
        f"{kills} kills of one of 4 workers: {len(clients.posted)} posts, "
        f"{clients.broken.total()} broken connections, none lost, none posted twice",
        flush=True,
    )


if __name__ == "__main__":
    main()
