"""Races: concurrent posts, whose outcomes are judged in race_judgement.py."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.requests import Post


@dataclass(frozen=True)
class Race(Generic[OperationT]):
    """A set of concurrent posts.

    Owners are given their `funding` in credits first. Then all of `posts` are posted concurrently,
    with `batch` of them in each transaction.
    """

    name: str
    funding: dict[str, int]
    posts: list[Post[OperationT]]
    batch: int = 1
    winners: int | None = None
    """How many of `posts` must succeed; None if that depends on their order, or on the time."""


def overdraft(ledger: Ledger[OperationT]) -> Race[OperationT]:
    """50 concurrent spends, of which the balance covers one in five."""
    owner = _owner()
    spend = min(_unlimited(ledger), key=lambda operation: ledger.amounts[operation])
    return Race(
        "overdraft",
        {owner: -10 * ledger.amounts[spend]},
        [Post(owner, spend, f"spend {n}") for n in range(50)],
        winners=10,
    )


def one_nonce(ledger: Ledger[OperationT]) -> Race[OperationT]:
    """The same post, sent 50 times concurrently."""
    giving = max(ledger.operations, key=lambda operation: ledger.amounts[operation])
    return Race("one nonce", {}, [Post(_owner(), giving, "the one")] * 50, winners=1)


def mixed_owners(ledger: Ledger[OperationT]) -> Race[OperationT]:
    """Posts to the same owners in random order, with retries, reused nonces and refusals."""
    owners = [_owner() for _ in range(4)]
    operations = list(ledger.operations)

    def post() -> Post[OperationT]:
        operation = random.choice(operations)
        nonce = f"nonce {random.randrange(40)}"
        return Post(random.choice(owners), operation, nonce, _quantity(ledger, operation))

    return Race("mixed owners", dict.fromkeys(owners, 10), [post() for _ in range(200)], batch=5)


def quantities(ledger: Ledger[OperationT]) -> Race[OperationT]:
    """Ten nonces, each of them sent five times concurrently, with any quantities."""
    owner = _owner()
    [operation, *_] = _unlimited_per_unit(ledger)
    posts = [
        Post(owner, operation, f"nonce {n}", _quantity(ledger, operation))
        for _ in range(5)
        for n in range(10)
    ]
    cost = -sum(ledger.amount_of(operation, post.quantity) for post in posts)
    return Race("quantities", {owner: max(cost, 0)}, posts, winners=10)


def limits(ledger: Ledger[OperationT]) -> Race[OperationT]:
    """Each limited operation, posted concurrently 20 times more often than an owner may have it."""
    owner = _owner()
    posts = [
        Post(owner, operation, f"{operation} {n}")
        for operation, limit in ledger.limits.items()
        for n in range(limit.count + 20)
    ]
    random.shuffle(posts)
    cost = -sum(min(ledger.amounts[post.operation], 0) for post in posts)
    return Race("limits", {owner: cost}, posts)


MakeRace = Callable[[Ledger[Any]], Race[Any]]


def races_of(ledger: Ledger[OperationT]) -> list[MakeRace]:
    """Returns the races for what the ledger declares."""
    races: list[MakeRace] = [one_nonce, mixed_owners]
    if any(ledger.amounts[operation] < 0 for operation in _unlimited(ledger)):
        races.append(overdraft)
    if _unlimited_per_unit(ledger):
        races.append(quantities)
    if ledger.limits:
        races.append(limits)
    return races


def _owner() -> str:
    return f"racer {uuid.uuid4()}"


def _quantity(ledger: Ledger[OperationT], operation: OperationT) -> int:
    """Returns a random quantity. They are few, so that a nonce often has the same one again."""
    per_unit = ledger.per_unit.get(operation)
    return 1 if per_unit is None else random.randint(1, min(3, per_unit.at_most))


def _unlimited(ledger: Ledger[OperationT]) -> list[OperationT]:
    return [operation for operation in ledger.operations if operation not in ledger.limits]


def _unlimited_per_unit(ledger: Ledger[OperationT]) -> list[OperationT]:
    return [operation for operation in ledger.per_unit if operation not in ledger.limits]
