"""Runs races: on the store in threads and processes, or on services over HTTP."""

import multiprocessing
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing.synchronize import Barrier
from typing import Any

from pydantic import SecretStr

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.requests import Post
from core.testing.blocking_store import blocking_store
from core.testing.http_clients import http_client
from core.testing.race_judgement import Result, wrongs
from core.testing.races import Race

_OUTCOMES = {
    "duplicate_nonce": "Duplicate",
    "nonce_reused": "Duplicate",
    "limit_reached": "LimitReached",
    "insufficient_balance": "Insufficient",
}

PostShare = Callable[[Sequence[Post[Any]]], list[Result[Any]]]
Racers = Callable[[PostShare, Sequence[Post[Any]]], list[Result[Any]]]
"""Calls a function with shares of the posts, all at the same time, and returns its results."""


@contextmanager
def processes(number: int) -> Generator[Racers, None, None]:
    """Processes that serve for several races, as it takes them longer to start than to race."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", __name__])  # imported once, not by each process
    barrier = context.Barrier(number)
    with context.Pool(number, initializer=_join, initargs=(barrier,)) as pool:

        def start(post_share: PostShare, posts: Sequence[Post[Any]]) -> list[Result[Any]]:
            shares = [posts[first::number] for first in range(number)]
            done = pool.map(partial(_post_together, post_share), shares, chunksize=1)
            return [result for share in done for result in share]

        yield start


_barriers: list[Barrier] = []  # of this process, if it is one of a pool


def _join(barrier: Barrier) -> None:
    _barriers.append(barrier)


def _post_together(post_share: PostShare, share: Sequence[Post[Any]]) -> list[Result[Any]]:
    _barriers[0].wait(timeout=60)  # so that each process has a share
    return post_share(share)


def this_process(post_share: PostShare, posts: Sequence[Post[Any]]) -> list[Result[Any]]:
    """The racers of a race between threads of one process."""
    return post_share(posts)


def run(
    ledger: Ledger[OperationT],
    url: SecretStr,
    race: Race[OperationT],
    racers: Racers,
    *,
    threads: int,
) -> list[str]:
    """Runs a race on the store, with `threads` threads in each process.

    Returns a description of each violated invariant.
    """
    post_share = partial(_post_share, ledger, url, threads, race.batch)
    return _judged(ledger, url, race, lambda: racers(post_share, race.posts))


def run_over_http(
    ledger: Ledger[OperationT], url: SecretStr, addresses: Sequence[str], race: Race[OperationT]
) -> list[str]:
    """Runs a race on services that share the database at `url`.

    Returns a description of each violated invariant.
    """

    def post(number: int) -> Result[OperationT]:
        one = race.posts[number]
        body = {"owner_id": one.owner_id, "operation": one.operation.value, "nonce": one.nonce}
        quantity = {} if one.quantity == 1 else {"quantity": one.quantity}
        response = clients[number % len(clients)].post("/ledger", json={**body, **quantity})
        if response.status_code == 201:
            return one, "Posted"
        return one, _OUTCOMES.get(response.json().get("code"), response.text)

    def start() -> list[Result[OperationT]]:
        with ThreadPoolExecutor(8 * len(clients)) as pool:
            return list(pool.map(post, range(len(race.posts))))

    with ExitStack() as stack:
        clients = [stack.enter_context(http_client(address)) for address in addresses]
        return _judged(ledger, url, race, start)


def _judged(
    ledger: Ledger[OperationT],
    url: SecretStr,
    race: Race[OperationT],
    start: Callable[[], list[Result[OperationT]]],
) -> list[str]:
    with blocking_store(ledger, url) as store:
        for owner_id, credits in race.funding.items():
            store.fund(owner_id, credits)
        return wrongs(store, race, start())


def _post_share(
    ledger: Ledger[OperationT],
    url: SecretStr,
    threads: int,
    batch: int,
    posts: Sequence[Post[OperationT]],
) -> list[Result[OperationT]]:
    """Posts the share of a process."""

    def post_in_thread(thread: int) -> list[Result[OperationT]]:
        results: list[Result[OperationT]] = []
        with blocking_store(ledger, url, lock_timeout=60, statement_timeout=60) as store:
            for start in range(thread * batch, len(posts), threads * batch):
                share = posts[start : start + batch]
                outcomes = store.post(share)
                results += [(p, type(outcome).__name__) for p, outcome in zip(share, outcomes)]
        return results

    with ThreadPoolExecutor(threads) as pool:
        return [result for share in pool.map(post_in_thread, range(threads)) for result in share]
