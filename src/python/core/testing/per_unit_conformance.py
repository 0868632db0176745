"""The conformance tests of the operations whose amount is per unit."""

import pytest
from pydantic import SecretStr

from core.ledgers.amounts import per_unit as amount_per_unit
from core.ledgers.errors import InvalidQuantity, QuantityNotAllowed
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import Duplicate, Insufficient, Posted
from core.ledgers.requests import Post
from core.testing.blocking_store import BlockingStore, blocking_store
from core.testing.conformance_base import ConformanceBase, new_owner
from core.testing.other_releases import release


class PerUnitConformance(ConformanceBase[OperationT]):
    """Each test runs for each operation whose amount is `per_unit`, except for the last one."""

    def test_the_amount_of_an_entry_is_that_of_its_quantity(
        self, store: BlockingStore[OperationT], per_unit: OperationT
    ) -> None:
        declared = self.ledger.per_unit[per_unit]
        for quantity in {1, min(2, declared.at_most), declared.at_most}:
            amount = declared.amount * quantity
            owner = new_owner(per_unit)
            post = Post(owner, per_unit, "nonce", quantity)
            if amount < 0:
                store.fund(owner, -amount - 1)
                assert store.post([post]) == [Insufficient(amount, -amount - 1)]
                store.fund(owner, 1)
            [outcome] = store.post([post])
            assert isinstance(outcome, Posted)
            assert outcome.entry.amount == amount
            assert outcome.balance == max(amount, 0) == store.balance(owner)

    def test_a_quantity_that_is_not_allowed_is_refused(
        self, store: BlockingStore[OperationT], per_unit: OperationT
    ) -> None:
        owner = new_owner(per_unit)
        for quantity in (0, -1, self.ledger.per_unit[per_unit].at_most + 1):
            with pytest.raises(InvalidQuantity, match="the quantity must be an integer from 1 to"):
                self.ledger.request(
                    owner_id=owner, operation=per_unit, nonce="nonce", quantity=quantity
                )
            with pytest.raises(InvalidQuantity):
                store.post([Post(owner, per_unit, "nonce", quantity)])
        assert store.entries(owner) == []

    def test_a_nonce_that_is_sent_with_another_quantity_was_reused(
        self, store: BlockingStore[OperationT], per_unit: OperationT
    ) -> None:
        declared = self.ledger.per_unit[per_unit]
        owner = new_owner(per_unit)
        store.fund(owner, max(-2 * declared.amount, 0))
        [first] = store.post([Post(owner, per_unit, "nonce")])
        assert isinstance(first, Posted)
        for quantity in {1, min(2, declared.at_most), declared.at_most}:
            post = Post(owner, per_unit, "nonce", quantity)
            # An amount may also be that of another quantity, with a former amount for each unit.
            reused = first.entry.amount not in declared.possible_amounts(quantity)
            assert store.post([post]) == [Duplicate(first.entry, post, reused)]
            assert reused or quantity == 1 or declared.formerly

    def test_a_retry_is_a_duplicate_after_a_release_with_another_amount(
        self, store: BlockingStore[OperationT], database_url: SecretStr, per_unit: OperationT
    ) -> None:
        declared = self.ledger.per_unit[per_unit]
        quantity = min(3, declared.at_most)
        for former in declared.formerly:
            post = Post(new_owner(per_unit), per_unit, "nonce", quantity)
            store.fund(post.owner_id, abs(former) * quantity)
            amount = amount_per_unit(former, at_most=declared.at_most)
            former_ledger = release(self.ledger, amounts={per_unit: amount})
            with blocking_store(former_ledger, database_url) as former_store:
                [first] = former_store.post([post])
            assert isinstance(first, Posted) and first.entry.amount == former * quantity
            assert store.post([post]) == [Duplicate(first.entry, post, reused=False)]

    def test_a_fixed_amount_takes_no_quantity(self, store: BlockingStore[OperationT]) -> None:
        for operation in self.ledger.amounts.keys() - self.ledger.per_unit.keys():
            owner = new_owner(operation)
            with pytest.raises(QuantityNotAllowed):
                self.ledger.request(owner_id=owner, operation=operation, nonce="nonce", quantity=2)
            with pytest.raises(QuantityNotAllowed):
                store.post([Post(owner, operation, "nonce", 2)])
            assert store.entries(owner) == []
