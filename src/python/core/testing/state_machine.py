"""A Hypothesis state machine that compares a ledger's store with its model."""

from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.ledgers.ledger import Ledger
from core.ledgers.limits import Limit
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import BatchRepeated
from core.ledgers.requests import Batch, Post
from core.testing.blocking_store import BlockingStore
from core.testing.calendar_periods import MICROSECOND, period_of
from core.testing.database_clock import DatabaseClock
from core.testing.model import ModelLedger, described, described_batch

# In the day on which the clocks of many European time zones change, near the end of a month.
_BEGIN = datetime(2026, 10, 24, 23, tzinfo=timezone.utc)

_Post = tuple[str, tuple[OperationT, int], str]
"""An owner, an operation with its quantity, and a nonce."""


class _Machine(RuleBasedStateMachine):
    """The model of a run, whose time is that of the clock."""

    def __init__(self, ledger: Ledger[Any], clock: DatabaseClock) -> None:
        super().__init__()
        self.model = ModelLedger(ledger, _BEGIN)
        self._clock = clock
        clock.set(_BEGIN)

    def wait_until(self, moment: datetime) -> None:
        self.model.now = moment
        self._clock.set(moment)


def ledger_machine(
    store: BlockingStore[OperationT], clock: DatabaseClock
) -> type[RuleBasedStateMachine]:
    """Returns a state machine that posts to the ledger of `store`, whose clock is `clock`."""
    ledger = store.ledger
    runs = count()
    # There are few owners and nonces, so that retries, reused nonces and refusals are common.
    posts = st.tuples(
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(_operations_with_quantities(ledger)),
        st.sampled_from(["1", "2", "3", "4", "5", "6"]),
    )

    class LedgerMachine(_Machine):
        def __init__(self) -> None:
            super().__init__(ledger, clock)
            self.run = next(runs)  # part of the owner_ids, so that runs do not share owners
            self.sent: list[Batch[OperationT]] = []

        @rule(batch=st.lists(posts, min_size=1, max_size=8))
        def post(self, batch: list[_Post[OperationT]]) -> None:
            requests = self.requests(batch)
            expected = [self.model.post(request) for request in requests]
            assert [described(outcome) for outcome in store.post(requests)] == expected

        @rule(batch=st.lists(posts, min_size=1, max_size=4, unique_by=lambda p: (p[0], p[2])))
        def post_all_or_nothing(self, batch: list[_Post[OperationT]]) -> None:
            together = Batch(tuple(self.requests(batch)))
            [outcome] = store.post_batches([together])
            assert described_batch(outcome) == self.model.post_batch(together)
            self.sent.append(together)

        @rule(data=st.data())
        def send_again(self, data: st.DataObject) -> None:
            if self.sent:
                together = data.draw(st.sampled_from(self.sent))
                [outcome] = store.post_batches([together])
                assert described_batch(outcome) == self.model.post_batch(together)
                if isinstance(outcome, BatchRepeated):
                    assert [entry.nonce for entry in outcome.entries] == [
                        post.nonce for post in together.posts
                    ]

        @rule(data=st.data())
        def ask_for_the_past(self, data: st.DataObject) -> None:
            if self.model.entries:
                self.wait_until(self.model.now + MICROSECOND)  # so that all entries are in the past
                keys = [*self.model.entries]
                owner_id, _ = key = data.draw(st.sampled_from(keys))
                entry = self.model.entries[key]
                for time in (entry.created_on - MICROSECOND, entry.created_on):
                    past = store.balance_as_of(owner_id, time)
                    early = [e.id for e in store.entries(owner_id) if e.created_on <= time]
                    assert past.balance == self.model.balance_as_of(owner_id, time)
                    assert past.entry_id == (early[-1] if early else None)

        @invariant()
        def balances_agree(self) -> None:
            for owner_id, balance in self.model.balances.items():
                assert store.balance(owner_id) == balance >= 0
                assert sum(entry.amount for entry in store.entries(owner_id)) == balance

        def requests(self, batch: list[_Post[OperationT]]) -> list[Post[OperationT]]:
            return [
                Post(f"{owner} of run {self.run}", operation, nonce, quantity)
                for owner, (operation, quantity), nonce in batch
            ]

    return _waiting(LedgerMachine, ledger) if ledger.limits else LedgerMachine


def _waiting(machine: type[_Machine], ledger: Ledger[OperationT]) -> type[_Machine]:
    """Returns the machine with rules that let time pass."""

    class WaitingMachine(machine):  # type: ignore[valid-type, misc]  # a class, all the same
        @rule(days=st.integers(0, 40), hours=st.integers(0, 23))
        def wait(self, days: int, hours: int) -> None:
            self.wait_until(self.model.now + timedelta(days=days, hours=hours))

        @rule(limit=st.sampled_from([*ledger.limits.values()]))
        def wait_for_the_edge(self, limit: Limit) -> None:
            """Waits for the last microsecond of the period or, if it is that, for the next one."""
            end = period_of(limit, self.model.now).end
            if end is not None:
                last = end - MICROSECOND
                self.wait_until(last if self.model.now < last else end)

    return WaitingMachine


def _operations_with_quantities(ledger: Ledger[OperationT]) -> list[tuple[OperationT, int]]:
    variants: list[tuple[OperationT, int]] = []
    for operation in ledger.operations:
        per_unit = ledger.per_unit.get(operation)
        most = 1 if per_unit is None else per_unit.at_most
        variants += [(operation, quantity) for quantity in sorted({1, min(2, most), most})]
    return variants
