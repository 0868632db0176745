"""A model of a ledger in plain Python, and a state machine that compares the store with it."""

from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from typing_extensions import assert_never

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import (
    BalanceTooHigh,
    BatchOutcome,
    BatchPosted,
    BatchRefused,
    BatchRepeated,
    Duplicate,
    Insufficient,
    LimitReached,
    Outcome,
    OwnerBusy,
    Posted,
)
from core.ledgers.posting import MAX_BALANCE
from core.ledgers.requests import Batch, Post
from core.testing.blocking_store import BlockingStore


class ModelLedger:
    """Predicts the outcome of each post, one at a time."""

    def __init__(self, ledger: Ledger[Any]) -> None:
        self._ledger = ledger
        self.balances: dict[str, int] = {}
        self.operations: dict[tuple[str, str], object] = {}

    def post(self, post: Post[Any]) -> str:
        """Returns the expected outcome, in the words of `_described`."""
        balance = self.balances.get(post.owner_id, 0)
        amount = self._ledger.amounts[post.operation]
        if post.key in self.operations:
            return f"duplicate of {self.operations[post.key]}"
        if balance + amount < 0:
            return f"insufficient: {amount} of {balance}"
        if balance + amount > MAX_BALANCE:
            return f"too much: {amount} on {balance}"
        self.operations[post.key] = post.operation
        self.balances[post.owner_id] = balance + amount
        return f"posted: {amount} makes {balance + amount}"

    def post_batch(self, batch: Batch[Any]) -> str:
        """Returns the expected outcome of a batch, in the words of `_described_batch`."""
        posted_before = [self.operations.get(post.key) == post.operation for post in batch.posts]
        if len(batch.posts) > 1 and all(posted_before):
            return "all were posted before"
        before = dict(self.balances), dict(self.operations)
        for index, post in enumerate(batch.posts):
            outcome = self.post(post)
            if not outcome.startswith("posted"):
                self.balances, self.operations = before
                return f"entry {index} is {outcome}"
        return "all are posted"


def ledger_machine(store: BlockingStore[OperationT]) -> type[RuleBasedStateMachine]:
    """Returns a Hypothesis state machine that posts to the ledger of `store`."""
    ledger = store.ledger
    runs = count()
    # There are few owners and nonces, so that retries, reused nonces and refusals are common.
    posts = st.tuples(
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(list(ledger.operations)),
        st.sampled_from(["1", "2", "3", "4", "5", "6"]),
    )

    class LedgerMachine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.run = next(runs)  # part of the owner_ids, so that runs do not share owners
            self.model = ModelLedger(ledger)
            self.sent: list[Batch[OperationT]] = []

        @rule(batch=st.lists(posts, min_size=1, max_size=8))
        def post(self, batch: list[tuple[str, OperationT, str]]) -> None:
            requests = [
                Post(f"{owner} of run {self.run}", operation, nonce)
                for owner, operation, nonce in batch
            ]
            expected = [self.model.post(request) for request in requests]
            assert [_described(outcome) for outcome in store.post(requests)] == expected

        @rule(batch=st.lists(posts, min_size=1, max_size=4, unique_by=lambda p: (p[0], p[2])))
        def post_all_or_nothing(self, batch: list[tuple[str, OperationT, str]]) -> None:
            together = Batch(
                tuple(
                    Post(f"{owner} of run {self.run}", operation, nonce)
                    for owner, operation, nonce in batch
                )
            )
            [outcome] = store.post_batches([together])
            assert _described_batch(outcome) == self.model.post_batch(together)
            self.sent.append(together)

        @rule(data=st.data())
        def send_again(self, data: st.DataObject) -> None:
            if self.sent:
                together = data.draw(st.sampled_from(self.sent))
                [outcome] = store.post_batches([together])
                assert _described_batch(outcome) == self.model.post_batch(together)
                if isinstance(outcome, BatchRepeated):
                    assert [entry.nonce for entry in outcome.entries] == [
                        post.nonce for post in together.posts
                    ]

        @invariant()
        def balances_agree(self) -> None:
            for owner_id, balance in self.model.balances.items():
                assert store.balance(owner_id) == balance >= 0
                assert sum(entry.amount for entry in store.entries(owner_id)) == balance

    return LedgerMachine


def _described_batch(outcome: BatchOutcome[Any]) -> str:
    match outcome:
        case BatchPosted():
            return "all are posted"
        case BatchRefused(index, refusal):
            return f"entry {index} is {_described(refusal)}"
        case BatchRepeated():
            return "all were posted before"
        case OwnerBusy():
            return "busy"
        case _:
            assert_never(outcome)


def _described(outcome: Outcome[Any]) -> str:
    match outcome:
        case Posted():
            return f"posted: {outcome.entry.amount} makes {outcome.balance}"
        case Duplicate():
            return f"duplicate of {outcome.original.operation}"
        case LimitReached():
            return f"limit of {outcome.allowed} reached"
        case Insufficient():
            return f"insufficient: {outcome.amount} of {outcome.balance}"
        case BalanceTooHigh():
            return f"too much: {outcome.amount} on {outcome.balance}"
        case _:
            assert_never(outcome)
