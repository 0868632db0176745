"""Posts through a proxy with every fault, and judges what the ledger has afterwards."""

import itertools
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from pydantic import SecretStr

from core.client.faulty_proxy import Fault
from core.client.results import PostedEntry
from core.testing.databases import execute
from sample.operations import SampleOperation

OPERATIONS = (SampleOperation.CREDIT_ADD, SampleOperation.DAILY_REWARD)
Posted = PostedEntry[SampleOperation]


def mixed_faults(share: float, holds: int) -> Callable[[], Fault]:
    """Returns a decision about requests: this share has a fault, with a held answer in `holds`."""
    numbers = random.Random(1)
    others = [each for each in Fault if each not in (Fault.NONE, Fault.HOLD_ANSWER)]
    count = itertools.count(1)
    lock = threading.Lock()

    def decide() -> Fault:
        with lock:
            if next(count) % holds == 0:
                return Fault.HOLD_ANSWER
            return numbers.choice(others) if numbers.random() < share else Fault.NONE

    return decide


def owner_and_operation(number: int) -> tuple[str, SampleOperation]:
    """The owner and the operation of a post. Owners are few, so posts contend for them."""
    return f"owner {number % 7}", OPERATIONS[number % 2]


def post_from_threads(
    numbers: Sequence[int], threads: int, post: Callable[[int], Posted]
) -> Iterator[Posted]:
    """Calls `post` with each number from several threads; returns the entries in this order."""
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(post, numbers)


def assert_exactly_once(url: SecretStr, posted: Sequence[Posted]) -> None:
    """Asserts that the ledger has the entries of these calls, in order of their numbers, once.

    Nothing else is in it, and each balance is the one after its entry.
    """
    rows = execute(
        url,
        "SELECT id, operation::text, amount, nonce, owner_id, created_on,"
        " sum(amount) OVER (PARTITION BY owner_id ORDER BY id)::bigint FROM sample.ledger_entry",
    )
    stored = {row[0]: row for row in rows}
    assert len(stored) == len(posted) == len({entry.nonce for entry in posted})
    for number, entry in enumerate(posted):
        *shown, balance = stored.pop(entry.id)
        assert shown == [
            entry.id,
            entry.operation.value,
            entry.amount,
            entry.nonce,
            entry.owner_id,
            entry.created_on,
        ]
        assert balance == entry.balance
        assert (entry.owner_id, entry.operation) == owner_and_operation(number)
    totals = "SELECT owner_id, balance FROM sample.ledger_balance"
    sums = "SELECT owner_id, sum(amount)::bigint FROM sample.ledger_entry GROUP BY owner_id"
    assert sorted(execute(url, totals)) == sorted(execute(url, sums))


def rows(database: SecretStr, owner_id: str) -> list[tuple[object, ...]]:
    """The id and the nonce of each of the owner's entries, in their order."""
    query = "SELECT id, nonce FROM sample.ledger_entry WHERE owner_id = '%s' ORDER BY id"
    return execute(database, query % owner_id)
