"""The conformance tests of the limits that a ledger declares."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from pydantic import SecretStr

from core.ledgers.operations import OperationT
from core.ledgers.outcomes import (
    BatchPosted,
    BatchRefused,
    Duplicate,
    Entry,
    Insufficient,
    LimitReached,
    Outcome,
    Posted,
)
from core.ledgers.requests import Batch, Post
from core.testing.blocking_store import BlockingStore, blocking_store
from core.testing.calendar_periods import MICROSECOND, period_of
from core.testing.conformance_base import ConformanceBase, new_owner
from core.testing.database_clock import DatabaseClock
from core.testing.other_releases import release

# In the last hour of October of the western half of the world, and the day on which the clocks of
# many European time zones change.
_NOW = datetime(2026, 10, 25, 0, 30, tzinfo=timezone.utc)


class LimitConformance(ConformanceBase[OperationT]):
    """Each test runs for each `limited` operation."""

    def test_a_limit_is_reached_after_as_many_entries_as_it_allows(
        self,
        store_with_clock: BlockingStore[OperationT],
        clock: DatabaseClock,
        limited: OperationT,
    ) -> None:
        limit = store_with_clock.ledger.limits[limited]
        clock.set(_NOW)
        owner = self._owner(store_with_clock, limited)
        *accepted, one_more = _posts(owner, limited, limit.count + 1)
        *outcomes, refused = store_with_clock.post([*accepted, one_more])
        latest = _entries(outcomes)[-1]
        reached = LimitReached(limited, limit.count, period_of(limit, _NOW).end, latest)
        assert refused == reached
        before = store_with_clock.balance(owner), store_with_clock.entries(owner)
        assert store_with_clock.post([one_more]) == [reached]  # in a transaction of its own
        assert store_with_clock.post([one_more] * 2) == [reached] * 2
        assert before == (store_with_clock.balance(owner), store_with_clock.entries(owner))
        other = self._owner(store_with_clock, limited)
        assert _entries(store_with_clock.post(_posts(other, limited, 1)))

    def test_a_limit_holds_from_the_first_to_the_last_microsecond_of_its_period(
        self,
        store_with_clock: BlockingStore[OperationT],
        clock: DatabaseClock,
        limited: OperationT,
    ) -> None:
        limit = store_with_clock.ledger.limits[limited]
        begin, end = period_of(limit, _NOW)
        if begin is None or end is None:
            begin, end = _NOW, _NOW + timedelta(days=10_000)
        clock.set(begin - MICROSECOND)
        owner = self._owner(store_with_clock, limited)
        before, within, after = (_posts(owner, limited, limit.count, of=n) for n in "123")
        if limit.per is not None:
            assert _entries(store_with_clock.post(before))
        clock.set(begin)
        entries = _entries(store_with_clock.post(within))
        assert {entry.created_on for entry in entries} == {begin}
        clock.set(end - MICROSECOND)
        resets_at = None if limit.per is None else end
        reached = LimitReached(limited, limit.count, resets_at, entries[-1])
        assert store_with_clock.post(after) == [reached] * limit.count
        clock.set(end)
        outcomes = store_with_clock.post(after)
        if limit.per is None:
            assert outcomes == [reached] * limit.count
        else:
            assert _entries(outcomes)  # of the nonces that were refused before

    def test_a_replay_is_a_duplicate_and_does_not_count(
        self,
        store_with_clock: BlockingStore[OperationT],
        clock: DatabaseClock,
        limited: OperationT,
    ) -> None:
        limit = store_with_clock.ledger.limits[limited]
        clock.set(_NOW)
        owner = self._owner(store_with_clock, limited)
        posts = _posts(owner, limited, limit.count)
        for number in range(limit.count):
            # As often as the limit, or more often, together with the posts that are posted before.
            outcomes = store_with_clock.post([*posts[: number + 1], *posts[:number]])
            assert isinstance(outcomes[number], Posted)
            assert _are_duplicates(outcomes[:number] + outcomes[number + 1 :])
        assert _are_duplicates(store_with_clock.post(posts))
        [refused] = store_with_clock.post(_posts(owner, limited, 1, of="another"))
        assert isinstance(refused, LimitReached)
        other = next(op for op in self.ledger.operations if op is not limited)
        entry = store_with_clock.entries(owner)[-1]
        reused = Post(owner, other, entry.nonce)
        assert store_with_clock.post([reused]) == [Duplicate(entry, reused, reused=True)]
        if end := period_of(limit, _NOW).end:
            clock.set(end)
            assert _are_duplicates(store_with_clock.post(posts))

    def test_a_limit_is_decided_before_an_overdraft(
        self,
        store_with_clock: BlockingStore[OperationT],
        clock: DatabaseClock,
        limited: OperationT,
    ) -> None:
        amount, limit = self.ledger.amounts[limited], store_with_clock.ledger.limits[limited]
        if amount >= 0:
            return
        clock.set(_NOW)
        owner = new_owner(limited)
        posts = _posts(owner, limited, limit.count)
        for number, post in enumerate(posts):
            # What is refused does not count.
            assert store_with_clock.post([post]) == [Insufficient(amount, 0)], number
            store_with_clock.fund(owner, -amount)
            assert _entries(store_with_clock.post([post]))
        assert store_with_clock.balance(owner) == 0
        [refused] = store_with_clock.post(_posts(owner, limited, 1, of="one more"))
        assert isinstance(refused, LimitReached)
        assert _are_duplicates(store_with_clock.post(posts))

    def test_an_atomic_batch_counts_its_own_entries(
        self,
        store_with_clock: BlockingStore[OperationT],
        clock: DatabaseClock,
        limited: OperationT,
    ) -> None:
        limit = store_with_clock.ledger.limits[limited]
        resets_at = period_of(limit, _NOW).end
        clock.set(_NOW)
        owner = self._owner(store_with_clock, limited)
        posts = _posts(owner, limited, limit.count)
        [one_more] = _posts(owner, limited, 1, of="one more")
        too_many, fits = Batch((*posts, one_more)), Batch(tuple(posts))
        before = store_with_clock.entries(owner)
        reached = LimitReached(limited, limit.count, resets_at, None)
        assert store_with_clock.post_batches([too_many]) == [BatchRefused(limit.count, reached)]
        assert store_with_clock.entries(owner) == before
        [posted, refused] = store_with_clock.post_batches([fits, Batch((one_more,))])
        assert isinstance(posted, BatchPosted)
        latest = posted.posted[-1].entry
        reached = LimitReached(limited, limit.count, resets_at, latest)
        assert refused == BatchRefused(0, reached)

    def test_entries_from_before_the_limit_was_declared_count(
        self,
        url_with_clock: SecretStr,
        store_with_clock: BlockingStore[OperationT],
        clock: DatabaseClock,
        limited: OperationT,
    ) -> None:
        limit = store_with_clock.ledger.limits[limited]
        begin, end = period_of(limit, _NOW)
        clock.set((begin or _NOW) - MICROSECOND)
        owner = self._owner(store_with_clock, limited)
        before, within = (_posts(owner, limited, limit.count, of=n) for n in "12")
        unlimited = release(self.ledger, limits={})
        with blocking_store(unlimited, url_with_clock, clock=clock.sql) as store_of_before:
            if begin is not None:
                assert _entries(store_of_before.post(before))
                clock.set(begin)
            entries = _entries(store_of_before.post(within[:-1]))
        entries += _entries(store_with_clock.post(within[-1:]))
        [refused] = store_with_clock.post(_posts(owner, limited, 1, of="one more"))
        assert refused == LimitReached(limited, limit.count, end, entries[-1])

    def _owner(self, store: BlockingStore[OperationT], limited: OperationT) -> str:
        """Returns a new owner, who has enough credits for three periods."""
        owner = new_owner(limited)
        count = store.ledger.limits[limited].count
        store.fund(owner, max(-self.ledger.amounts[limited], 0) * (3 * count + 1))
        return owner


def _posts(owner: str, limited: OperationT, number: int, *, of: str = "") -> list[Post[OperationT]]:
    return [Post(owner, limited, f"{of} {each}") for each in range(number)]


def _entries(outcomes: Sequence[Outcome[OperationT]]) -> list[Entry[OperationT]]:
    """Returns the new entries; every post must have one."""
    entries: list[Entry[OperationT]] = []
    for outcome in outcomes:
        assert isinstance(outcome, Posted)
        entries.append(outcome.entry)
    return entries


def _are_duplicates(outcomes: Sequence[Outcome[OperationT]]) -> bool:
    return all(isinstance(outcome, Duplicate) and not outcome.reused for outcome in outcomes)
