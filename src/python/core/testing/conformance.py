"""The conformance tests of a ledger, which every app runs with its own operations.

An app's tests subclass LedgerConformance:

    class TestContentLedger(LedgerConformance[ContentLedgerOperation]):
        ledger = LEDGER
"""

from collections.abc import Iterator
from typing import Generic

import pytest
from hypothesis import settings
from hypothesis.stateful import (
    run_state_machine_as_test,  # pyright: ignore[reportUnknownVariableType]  # not annotated
)
from pydantic import SecretStr

from core.ledgers.ledger import Ledger
from core.ledgers.operations import SHARED_OPERATIONS, OperationT
from core.ledgers.outcomes import Duplicate, Insufficient, Posted
from core.ledgers.requests import Post
from core.testing import races
from core.testing.blocking_store import BlockingStore, blocking_store
from core.testing.databases import Databases
from core.testing.model import ledger_machine


class LedgerConformance(Generic[OperationT]):
    """Base class of an app's ledger tests. Subclasses set `ledger`."""

    ledger: Ledger[OperationT]

    @pytest.fixture
    def database_url(self, databases: Databases) -> SecretStr:
        return databases.migrated(self.ledger.name)

    @pytest.fixture
    def store(self, database_url: SecretStr) -> Iterator[BlockingStore[OperationT]]:
        with blocking_store(self.ledger, database_url) as store:
            yield store

    def test_has_the_shared_operations(self) -> None:
        assert set(SHARED_OPERATIONS) <= {operation.name for operation in self.ledger.operations}

    def test_an_unknown_owner_has_nothing(self, store: BlockingStore[OperationT]) -> None:
        assert store.balance("nobody") == 0

    def test_each_operation_changes_the_balance_by_its_amount(
        self, store: BlockingStore[OperationT]
    ) -> None:
        for operation, amount in self.ledger.amounts.items():
            funded = self._fund(store, operation.name, at_least=-amount)
            [outcome] = store.post([Post(operation.name, operation, "nonce")])
            assert isinstance(outcome, Posted)
            assert (outcome.entry.operation, outcome.entry.amount) == (operation, amount)
            assert outcome.balance == funded + amount == store.balance(operation.name)
            assert store.entries(operation.name)[-1] == outcome.entry

    def test_a_spend_beyond_the_balance_is_refused_and_its_nonce_stays_unused(
        self, store: BlockingStore[OperationT]
    ) -> None:
        for operation, amount in self.ledger.amounts.items():
            if amount >= 0:
                continue
            post = Post(operation.name, operation, "nonce")
            assert store.post([post]) == [Insufficient(amount, 0)]
            assert store.entries(operation.name) == []
            self._fund(store, operation.name, at_least=-amount)
            [outcome] = store.post([post])
            assert isinstance(outcome, Posted)

    def test_a_replay_is_a_duplicate_even_when_the_account_is_empty(
        self, store: BlockingStore[OperationT]
    ) -> None:
        for operation in self.ledger.operations:
            self._fund(store, operation.name, at_least=-self.ledger.amounts[operation])
            post = Post(operation.name, operation, "nonce")
            [first] = store.post([post])
            assert isinstance(first, Posted)
            [again] = store.post([post])
            assert again == Duplicate(first.entry, post, reused=False)
            assert store.balance(operation.name) == first.balance

    def test_behaves_like_the_model(self, store: BlockingStore[OperationT]) -> None:
        # There is no deadline, because the speed of the database varies.
        run_state_machine_as_test(  # type: ignore[no-untyped-call]  # not annotated in hypothesis
            ledger_machine(store),
            settings=settings(max_examples=40, stateful_step_count=20, deadline=None),
        )
        assert store.discrepancies() == []

    @pytest.mark.parametrize("race", races.RACES, ids=lambda race: str(race.__name__))
    @pytest.mark.parametrize("processes, threads", [(1, 16), (4, 4)], ids=["threads", "processes"])
    def test_a_race_has_no_wrong_winner(
        self, database_url: SecretStr, race: races.MakeRace, processes: int, threads: int
    ) -> None:
        wrong = races.run(
            self.ledger, database_url, race(self.ledger), processes=processes, threads=threads
        )
        assert wrong == []

    def _fund(self, store: BlockingStore[OperationT], owner_id: str, *, at_least: int) -> int:
        """Posts until the owner has `at_least` this many credits, and returns its balance."""
        best = races.most_giving(self.ledger)
        number = 0
        while store.balance(owner_id) < at_least:
            number += 1
            store.post([Post(owner_id, best, f"fund {number}")])
        return store.balance(owner_id)
