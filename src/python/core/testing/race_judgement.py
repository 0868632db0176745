"""Judges a race by invariants that hold for every order of execution, at any time."""

from collections import Counter
from collections.abc import Iterator, Sequence

from core.ledgers.operations import OperationT
from core.ledgers.requests import Post
from core.testing.blocking_store import BlockingStore
from core.testing.calendar_periods import CalendarPeriod, period_of
from core.testing.races import Race

Result = tuple[Post[OperationT], str]
"""A post, and the name of its outcome's class."""


def wrongs(
    store: BlockingStore[OperationT],
    race: Race[OperationT],
    results: Sequence[Result[OperationT]],
) -> list[str]:
    """Describes each invariant that the `results` of a race violate, or its entries."""
    return [
        *_wrong_balances(store, race, results),
        *_wrong_outcomes(store, race, results),
        *_wrong_limits(store, results),
        *store.discrepancies(),
    ]


def _wrong_balances(
    store: BlockingStore[OperationT],
    race: Race[OperationT],
    results: Sequence[Result[OperationT]],
) -> Iterator[str]:
    sums = Counter(race.funding)
    for post, outcome in results:
        posted = outcome == "Posted"
        sums[post.owner_id] += posted * store.ledger.amount_of(post.operation, post.quantity)
    for owner_id, expected in sums.items():
        balance = store.balance(owner_id)
        if balance < 0 or balance != expected:
            yield f"{owner_id} has a balance of {balance}, but should have {expected}"


def _wrong_outcomes(
    store: BlockingStore[OperationT],
    race: Race[OperationT],
    results: Sequence[Result[OperationT]],
) -> Iterator[str]:
    won = [post for post, outcome in results if outcome == "Posted"]
    for key, number in Counter(post.key for post in won).items():
        if number > 1:
            yield f"{key} was posted {number} times"
    known = {"Posted", "Duplicate", "Insufficient"}
    limited = {"LimitReached"}
    outcomes = Counter(outcome for _, outcome in results)
    strange = [
        f"{outcome} for {post}"
        for post, outcome in results
        if outcome not in (known | limited if post.operation in store.ledger.limits else known)
    ]
    if strange or outcomes.total() != len(race.posts):
        yield f"{len(race.posts)} posts had unexpected outcomes: {outcomes} {strange}"
    if race.winners is not None and len(won) != race.winners:
        yield f"{len(won)} posts succeeded instead of {race.winners}"


def _wrong_limits(
    store: BlockingStore[OperationT], results: Sequence[Result[OperationT]]
) -> Iterator[str]:
    """A period never has more entries than the limit allows, and as many if one was refused.

    So exactly that many are accepted, unless the race goes on in the next period.
    """
    asked = {(post.owner_id, post.operation) for post, _ in results}
    refused = {(p.owner_id, p.operation) for p, outcome in results if outcome == "LimitReached"}
    for owner_id, operation in asked:
        limit = store.ledger.limits.get(operation)
        if limit is None:
            continue
        used: Counter[CalendarPeriod] = Counter(
            period_of(limit, entry.created_on)
            for entry in store.entries(owner_id)
            if entry.operation is operation
        )
        most = max(used.values(), default=0)
        if most > limit.count or most < limit.count and (owner_id, operation) in refused:
            yield f"{owner_id} has {most} of {limit.count} entries of {operation} in a period"
