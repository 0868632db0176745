"""Pages neither skip nor repeat an entry, and have the right balances, while others are posting."""

from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from threading import Event, Semaphore

import pytest
from pydantic import SecretStr

from core.ledgers.history import EntryWithBalance, Order, Selection
from core.ledgers.requests import Post
from core.storage.history_reader import Reader, reader
from core.testing.blocking_store import blocking_store
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

Shown = EntryWithBalance[Operation]
Read = tuple[Selection[Operation], list[Shown]]
ORDERS: tuple[Order, ...] = ("asc", "desc")
SELECTIONS = [
    Selection(order, operations)
    for order in ORDERS
    for operations in ((), (Operation.CREDIT_SPEND, Operation.BOOKING_REWARD))
]


GROUPS = 30  # of each of the three that post
AT_ONCE = 10  # in each round of reading, so that the posting cannot end before the reading begins


def post_all(url: SecretStr, worker: int, allowed: Semaphore) -> None:
    operations = list(Operation)
    with blocking_store(LEDGER, url, lock_timeout=60, statement_timeout=60) as store:
        for number in range(GROUPS):
            allowed.acquire()
            store.post(
                [
                    Post(owner, operations[number % 5], f"{worker} {number} {index}")
                    for index, owner in enumerate(["ann", "bob", "ann"] * (number % 7))
                ]
            )


def read_until(url: SecretStr, stop: Event, size: int, allowed: Semaphore) -> list[Read]:
    reads: list[Read] = []
    with reader(url) as one:
        last = False
        while not last:
            last = stop.is_set()
            allowed.release(AT_ONCE)
            for selection in SELECTIONS:
                reads.append((selection, one.entries("ann", selection, [size])))
    return reads


def everything(one: Reader) -> list[Shown]:
    """All entries, oldest first, with balances that are summed up here."""
    entries = [shown.entry for shown in one.entries("ann", Selection("asc"))]
    balances = accumulate(entry.amount for entry in entries)
    return [EntryWithBalance(entry, balance) for entry, balance in zip(entries, balances)]


@pytest.mark.parametrize("size", [4, 30])
def test_pages_while_others_post(url: SecretStr, size: int) -> None:
    stop, allowed = Event(), Semaphore(0)
    with ThreadPoolExecutor(4) as pool:
        reading = pool.submit(read_until, url, stop, size, allowed)
        posting = [pool.submit(post_all, url, worker, allowed) for worker in range(3)]
        try:
            for each in posting:
                each.result()
        finally:
            stop.set()
            allowed.release(3 * GROUPS)  # in case that one of them has failed
        reads = reading.result()
    with reader(url) as one:
        final = everything(one)
    lengths = set[int]()
    for selection, entries in reads:
        oldest_first = entries if selection.order == "asc" else entries[::-1]
        wanted = selection.operations or tuple(Operation)
        expected = [shown for shown in final if shown.entry.operation in wanted]
        assert oldest_first == expected[: len(oldest_first)]
        lengths.add(len(oldest_first))
    assert len(lengths) > 2, "nothing was posted while the pages were read"
