"""The requests of the benchmarks, as endless streams of bytes. By default, every nonce is new."""

import json
import random
from collections.abc import Callable, Iterator
from itertools import accumulate, count, cycle

from benchmarks.load import get, post

OWNERS = 10_000

Owners = Callable[[], Iterator[str]]
Requests = Iterator[bytes]

_run = f"{random.getrandbits(64):x}"
_numbers = count()


def owner(number: int) -> str:
    return f"owner-{number}"


def spread() -> Iterator[str]:
    while True:
        yield owner(random.randrange(OWNERS))


def zipf() -> Iterator[str]:
    """Owners by Zipf's law: the n-th one appears 1/n as often as the first."""
    weights = list(accumulate(1 / n for n in range(1, OWNERS + 1)))
    return cycle(random.choices([owner(n) for n in range(OWNERS)], cum_weights=weights, k=100_000))


def only(owner_id: str) -> Owners:
    return lambda: cycle([owner_id])


HOT = "the-hot-one"
hot = only(HOT)


def posts(
    owners: Owners = spread,
    *,
    path: str = "/ledger",
    duplicates: float = 0,
    refusals: float = 0,
    new_owners: float = 0,
) -> Requests:
    """Rewards, of which the given shares are duplicates, refused spends, and of new owners."""
    last = entry("nobody", "DAILY_REWARD")
    for owner_id in owners():
        kind = random.random()
        if kind < refusals:
            yield post(path, entry("nobody", "CREDIT_SPEND"))
        elif kind < refusals + duplicates:
            yield post(path, last)
        elif kind < refusals + duplicates + new_owners:
            yield post(path, entry(f"new-{next(_numbers)}", "DAILY_REWARD"))
        else:
            last = entry(owner_id, "DAILY_REWARD")
            yield post(path, last)


def posts_of(operation: str, **more: object) -> Requests:
    """Posts of one operation; `more` are further fields of the body."""
    for owner_id in spread():
        yield post("/ledger", entry(owner_id, operation, **more))


def posts_with(*headers: str) -> Requests:
    """Rewards, with further headers."""
    for owner_id in spread():
        yield post("/ledger", entry(owner_id, "DAILY_REWARD"), *headers)


def batches(size: int) -> Requests:
    owners = spread()
    while True:
        entries = ",".join(entry(next(owners), "DAILY_REWARD") for _ in range(size))
        yield post("/ledger/batch", f'{{"entries":[{entries}],"atomic":false}}')


def reads(owners: Owners = spread, *, path: str = "/ledger", of: str = "") -> Requests:
    """Reads of balances or, with the end `of` their paths, of what else an owner has."""
    for owner_id in owners():
        yield get(f"{path}/{owner_id}{of}")


def entry(owner_id: str, operation: str, **more: object) -> str:
    nonce = f"{_run}-{next(_numbers)}"
    return json.dumps({"owner_id": owner_id, "operation": operation, "nonce": nonce, **more})
