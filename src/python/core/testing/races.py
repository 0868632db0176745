"""Races between concurrent posts, with invariants that hold for every order of execution."""

import multiprocessing
import random
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic

import httpx
from pydantic import SecretStr

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.requests import Post
from core.testing.blocking_store import blocking_store

Result = tuple[Post[OperationT], str]
"""A post, and the name of its outcome's class."""


@dataclass(frozen=True)
class Race(Generic[OperationT]):
    """A set of concurrent posts.

    `funding` is posted first. Then all of `posts` are posted concurrently, with `batch` of them in
    each transaction.
    """

    name: str
    funding: list[Post[OperationT]]
    posts: list[Post[OperationT]]
    batch: int = 1
    winners: int | None = None
    """How many of `posts` must succeed; None if that depends on their order."""


def overdraft(ledger: Ledger[OperationT]) -> Race[OperationT]:
    """At least 50 concurrent spends, of which the balance covers one in five."""
    owner = _owner()
    credit, spend = most_giving(ledger), most_taking(ledger)
    cost = -ledger.amounts[spend]
    needed = -(-10 * cost // ledger.amounts[credit])  # rounded up
    balance = needed * ledger.amounts[credit]
    return Race(
        "overdraft",
        [Post(owner, credit, f"credit {n}") for n in range(needed)],
        [Post(owner, spend, f"spend {n}") for n in range(5 * (balance // cost))],
        winners=balance // cost,
    )


def one_nonce(ledger: Ledger[OperationT]) -> Race[OperationT]:
    """The same post, sent 50 times concurrently."""
    return Race("one nonce", [], [Post(_owner(), most_giving(ledger), "the one")] * 50, winners=1)


def mixed_owners(ledger: Ledger[OperationT]) -> Race[OperationT]:
    """Posts to the same owners in random order, with retries, reused nonces and refusals."""
    owners = [_owner() for _ in range(8)]
    operations = list(ledger.operations)
    posts = [
        Post(random.choice(owners), random.choice(operations), f"nonce {random.randrange(40)}")
        for _ in range(400)
    ]
    return Race(
        "mixed owners", [Post(o, most_giving(ledger), "first") for o in owners], posts, batch=5
    )


MakeRace = Callable[[Ledger[Any]], Race[Any]]

RACES: tuple[MakeRace, ...] = (overdraft, one_nonce, mixed_owners)


def wrongs(
    ledger: Ledger[OperationT],
    race: Race[OperationT],
    results: Sequence[Result[OperationT]],
    balances: Mapping[str, int],
) -> list[str]:
    """Describes each violated invariant, given the results of `race` and the final balances."""
    won = [post for post, outcome in results if outcome == "Posted"]
    sums: Counter[str] = Counter()
    for post in [*race.funding, *won]:
        sums[post.owner_id] += ledger.amounts[post.operation]
    wrong = [
        f"{owner_id} has a balance of {balance}, but the sum of its entries is {sums[owner_id]}"
        for owner_id, balance in balances.items()
        if balance < 0 or balance != sums[owner_id]
    ]
    times = Counter(post.key for post in won)
    wrong += [f"{key} was posted {number} times" for key, number in times.items() if number > 1]
    outcomes = Counter(outcome for _, outcome in results)
    strange = set(outcomes) - {"Posted", "Duplicate", "Insufficient"}
    if strange or outcomes.total() != len(race.posts):
        wrong.append(f"{len(race.posts)} posts had unexpected outcomes: {outcomes}")
    if race.winners is not None and len(won) != race.winners:
        wrong.append(f"{len(won)} posts succeeded instead of {race.winners}")
    return wrong


def run(
    ledger: Ledger[OperationT],
    url: SecretStr,
    race: Race[OperationT],
    *,
    processes: int,
    threads: int,
) -> list[str]:
    """Runs a race on the store, with `threads` threads in each of `processes` processes.

    Returns a description of each violated invariant.
    """
    post_all = partial(_post_all, ledger, url, threads, race.batch)

    def start() -> list[Result[OperationT]]:
        if processes == 1:
            return post_all(race.posts)
        context = multiprocessing.get_context("spawn")
        ready = context.Barrier(processes)
        with context.Pool(processes, initializer=ready.wait) as pool:
            shares = [race.posts[first::processes] for first in range(processes)]
            done = pool.map(post_all, shares, chunksize=1)
            return [result for share in done for result in share]

    return _judged(ledger, url, race, start)


def run_over_http(
    ledger: Ledger[OperationT], url: SecretStr, addresses: Sequence[str], race: Race[OperationT]
) -> list[str]:
    """Runs a race on services that share the database at `url`.

    Returns a description of each violated invariant.
    """
    outcomes = {201: "Posted", 409: "Duplicate", 400: "Insufficient"}

    def post(number: int) -> Result[OperationT]:
        one = race.posts[number]
        body = {"owner_id": one.owner_id, "operation": one.operation.value, "nonce": one.nonce}
        response = clients[number % len(clients)].post("/ledger", json=body)
        return one, outcomes.get(response.status_code, response.text)

    def start() -> list[Result[OperationT]]:
        with ThreadPoolExecutor(8 * len(clients)) as pool:
            return list(pool.map(post, range(len(race.posts))))

    with ExitStack() as stack:
        clients = [
            stack.enter_context(httpx.Client(base_url=address, timeout=60)) for address in addresses
        ]
        return _judged(ledger, url, race, start)


def _judged(
    ledger: Ledger[OperationT],
    url: SecretStr,
    race: Race[OperationT],
    start: Callable[[], list[Result[OperationT]]],
) -> list[str]:
    with blocking_store(ledger, url) as store:
        store.post(race.funding)
        results = start()
        owners = {post.owner_id for post in [*race.funding, *race.posts]}
        wrong = wrongs(ledger, race, results, {owner: store.balance(owner) for owner in owners})
        wrong += store.discrepancies()
    return wrong


def _post_all(
    ledger: Ledger[OperationT],
    url: SecretStr,
    threads: int,
    batch: int,
    posts: Sequence[Post[OperationT]],
) -> list[Result[OperationT]]:
    def post_share(thread: int) -> list[Result[OperationT]]:
        results: list[Result[OperationT]] = []
        with blocking_store(ledger, url, lock_timeout=60, statement_timeout=60) as store:
            for start in range(thread * batch, len(posts), threads * batch):
                share = posts[start : start + batch]
                outcomes = store.post(share)
                results += [(p, type(outcome).__name__) for p, outcome in zip(share, outcomes)]
        return results

    with ThreadPoolExecutor(threads) as pool:
        return [result for share in pool.map(post_share, range(threads)) for result in share]


def _owner() -> str:
    return f"racer {uuid.uuid4()}"


def most_giving(ledger: Ledger[OperationT]) -> OperationT:
    """Returns the operation that adds the most credits."""
    return max(ledger.operations, key=lambda operation: ledger.amounts[operation])


def most_taking(ledger: Ledger[OperationT]) -> OperationT:
    """Returns the operation that takes the most credits."""
    return min(ledger.operations, key=lambda operation: ledger.amounts[operation])
