"""A store of the sample's ledger with limits, and with a clock that tests set."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timezone

from pydantic import SecretStr

from core.ledgers.ledger import Ledger
from core.ledgers.limits import Limit
from core.ledgers.outcomes import Outcome
from core.ledgers.requests import Post
from core.storage.connections import connect
from core.testing.blocking_store import BlockingStore, blocking_store
from core.testing.databases import execute
from sample.operations import SampleOperation as Operation

Store = BlockingStore[Operation]
REWARD, SPEND = Operation.DAILY_REWARD, Operation.CREDIT_SPEND
NOON = datetime(2026, 11, 25, 12, tzinfo=timezone.utc)


@contextmanager
def limited(
    url: SecretStr, limits: dict[Operation, Limit], *, unrecorded: int = 0
) -> Generator[tuple[Store, Callable[[datetime], None]], None, None]:
    """A store of the sample with these limits, and a function that sets their clock.

    At the end, verification must find as many limits that were passed by, and nothing else.
    """
    execute(
        url,
        "DROP TABLE IF EXISTS clock;"
        f"SELECT '{NOON.isoformat()}'::timestamptz AS time INTO clock",
    )
    ledger = Ledger(
        name="sample",
        operations=Operation,
        amounts={Operation.BOOKING_REWARD: 5},
        limits=limits,
    )
    engine = connect(url, pool_size=1)

    def set_clock(time: datetime) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE clock SET time = %s", (time,))

    with blocking_store(ledger, url, clock="(SELECT time FROM public.clock)") as store:
        yield store, set_clock
        rules = [found.split(":")[0] for found in store.discrepancies()]
        # Posts without a limit have the real time, so that times do not go forward here.
        assert [rule for rule in rules if rule != "order"] == ["limit"] * unrecorded
    engine.dispose()


def post(store: Store, nonce: str, operation: Operation = REWARD) -> Outcome[Operation]:
    [outcome] = store.post([Post("ann", operation, nonce)])
    return outcome
