"""The conformance tests of a ledger, which every app runs with its own operations.

An app's tests subclass LedgerConformance:

    class TestContentLedger(LedgerConformance[ContentLedgerOperation]):
        ledger = LEDGER
"""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis.stateful import (
    run_state_machine_as_test,  # pyright: ignore[reportUnknownVariableType]  # not annotated
)
from pydantic import SecretStr

from core.ledgers.operations import SHARED_OPERATIONS, OperationT
from core.ledgers.outcomes import Duplicate, Insufficient, Posted
from core.ledgers.requests import Post
from core.testing import racers
from core.testing.blocking_store import BlockingStore
from core.testing.conformance_base import new_owner, with_low_limits
from core.testing.database_clock import DatabaseClock
from core.testing.limit_conformance import LimitConformance
from core.testing.per_unit_conformance import PerUnitConformance
from core.testing.races import MakeRace
from core.testing.state_machine import ledger_machine


class LedgerConformance(LimitConformance[OperationT], PerUnitConformance[OperationT]):
    """Base class of an app's ledger tests. Subclasses set `ledger`."""

    def test_has_the_shared_operations(self) -> None:
        assert set(SHARED_OPERATIONS) <= {operation.name for operation in self.ledger.operations}

    def test_an_unknown_owner_has_nothing(self, store: BlockingStore[OperationT]) -> None:
        assert store.balance("nobody") == 0

    def test_each_operation_changes_the_balance_by_its_amount(
        self, store: BlockingStore[OperationT]
    ) -> None:
        for operation, amount in self.ledger.amounts.items():
            owner = new_owner(operation)
            funded = max(-amount, 0)
            store.fund(owner, funded)
            [outcome] = store.post([Post(owner, operation, "nonce")])
            assert isinstance(outcome, Posted)
            assert (outcome.entry.operation, outcome.entry.amount) == (operation, amount)
            assert outcome.balance == funded + amount == store.balance(owner)
            assert store.entries(owner)[-1] == outcome.entry

    def test_a_spend_beyond_the_balance_is_refused_and_its_nonce_stays_unused(
        self, store: BlockingStore[OperationT]
    ) -> None:
        for operation, amount in self.ledger.amounts.items():
            if amount >= 0:
                continue
            owner = new_owner(operation)
            post = Post(owner, operation, "nonce")
            assert store.post([post]) == [Insufficient(amount, 0)]
            assert store.entries(owner) == []
            store.fund(owner, -amount)
            [outcome] = store.post([post])
            assert isinstance(outcome, Posted)

    def test_a_replay_is_a_duplicate_even_when_the_account_is_empty(
        self, store: BlockingStore[OperationT]
    ) -> None:
        for operation, amount in self.ledger.amounts.items():
            owner = new_owner(operation)
            store.fund(owner, max(-amount, 0))
            post = Post(owner, operation, "nonce")
            [first] = store.post([post])
            assert isinstance(first, Posted)
            [again] = store.post([post])
            assert again == Duplicate(first.entry, post, reused=False)
            assert store.balance(owner) == first.balance

    def test_behaves_like_the_model(
        self, store_with_clock: BlockingStore[OperationT], clock: DatabaseClock
    ) -> None:
        # There is no deadline, because the speed of the database varies.
        run_state_machine_as_test(  # type: ignore[no-untyped-call]  # not annotated in hypothesis
            ledger_machine(store_with_clock, clock),
            settings=settings(max_examples=25, stateful_step_count=20, deadline=None),
        )
        assert store_with_clock.discrepancies() == []

    @pytest.fixture(scope="class")
    @classmethod
    def processes(cls) -> Iterator[racers.Racers]:
        with racers.processes(4) as processes:
            yield processes

    def test_a_race_of_threads_has_no_wrong_winner(
        self, database_url: SecretStr, make_race: MakeRace
    ) -> None:
        ledger = with_low_limits(self.ledger)
        race = make_race(ledger)
        assert not racers.run(ledger, database_url, race, racers.this_process, threads=8)

    def test_a_race_of_processes_has_no_wrong_winner(
        self, database_url: SecretStr, make_race: MakeRace, processes: racers.Racers
    ) -> None:
        ledger = with_low_limits(self.ledger)
        race = make_race(ledger)
        assert not racers.run(ledger, database_url, race, processes, threads=2)
