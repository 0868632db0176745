"""The posting rules for quantities and limits, as pure functions."""

from datetime import datetime, timezone

import pytest

from core.ledgers.decisions import (
    AcceptBatch,
    AcceptPost,
    Decision,
    RefuseBatch,
    RefuseDuplicate,
    RefuseOverdraft,
    RefuseRepeat,
    RefuseUse,
    Use,
)
from core.ledgers.ledger import Ledger, at_most, per_unit
from core.ledgers.limits import Usage
from core.ledgers.operations import BaseLedgerOperation
from core.ledgers.outcomes import Entry
from core.ledgers.posting import decide, is_repeat
from core.ledgers.requests import Batch, Key, Post


class Operation(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"
    TOKENS = "TOKENS"


LEDGER = Ledger(
    name="pure",
    operations=Operation,
    amounts={Operation.TOKENS: per_unit(-2, at_most=10, formerly=(-1,))},
    limits={Operation.DAILY_REWARD: at_most(2, per="day"), Operation.CREDIT_SPEND: at_most(1)},
)
MIDNIGHT = datetime(2026, 11, 26, tzinfo=timezone.utc)
UNUSED = Usage(0, "2026-11-25", MIDNIGHT, None)


def post(operation: Operation, nonce: str, quantity: int = 1) -> Post[Operation]:
    return Post("ann", operation, nonce, quantity)


def entry_of(post: Post[Operation], amount: int) -> dict[Key, Entry[Operation]]:
    return {post.key: Entry(1, post.operation, amount, post.nonce, post.owner_id, MIDNIGHT)}


def decide_with(usage: Usage, *batches: Batch[Operation], balance: int = 0) -> list[Decision]:
    usages = {
        ("ann", Operation.DAILY_REWARD): usage,
        ("ann", Operation.CREDIT_SPEND): UNUSED,
    }
    return decide(LEDGER, batches, {"ann": balance}, {}, usages)


def reward(*nonces: str) -> Batch[Operation]:
    return Batch(tuple(post(Operation.DAILY_REWARD, nonce) for nonce in nonces))


def use(number: int) -> Use:
    return Use("2026-11-25", number, 2)


@pytest.mark.parametrize("quantity", [1, 7, 10])
def test_the_amount_is_that_of_a_unit_times_the_quantity(quantity: int) -> None:
    tokens = Batch((post(Operation.TOKENS, "1", quantity),))
    assert decide(LEDGER, [tokens], {"ann": 20}, {}) == [
        AcceptBatch((AcceptPost(-2 * quantity, 20 - 2 * quantity),))
    ]
    assert decide(LEDGER, [tokens], {"ann": 1}, {}) == [
        RefuseBatch(0, RefuseOverdraft(-2 * quantity, 1))
    ]


@pytest.mark.parametrize(
    "amount, quantity, repeat",
    [(-6, 3, True), (-3, 3, True), (-6, 2, False), (-2, 1, True), (-1, 1, True), (-9, 3, False)],
)
def test_a_retry_is_told_by_an_amount_that_its_quantity_can_have_had(
    amount: int, quantity: int, repeat: bool
) -> None:
    again = post(Operation.TOKENS, "1", quantity)
    assert is_repeat(LEDGER, again, Operation.TOKENS, amount) is repeat
    known = entry_of(again, amount)
    assert decide(LEDGER, [Batch((again,))], {"ann": 99}, known) == [
        RefuseBatch(0, RefuseDuplicate(again.key, reused=not repeat))
    ]
    other = post(Operation.CREDIT_ADD, "2")
    both = decide(LEDGER, [Batch((again, other))], {}, {**known, **entry_of(other, 7)})
    assert (both == [RefuseRepeat()]) is repeat


def test_a_fixed_amount_may_have_been_another_one() -> None:
    assert is_repeat(LEDGER, post(Operation.CREDIT_ADD, "1"), Operation.CREDIT_ADD, 12345)
    assert not is_repeat(LEDGER, post(Operation.CREDIT_ADD, "1"), Operation.TOKENS, 10)


def test_uses_are_numbered_from_those_that_exist() -> None:
    assert decide_with(UNUSED, reward("1"), reward("2"), reward("3")) == [
        AcceptBatch((AcceptPost(1, 1, use(1)),)),
        AcceptBatch((AcceptPost(1, 2, use(2)),)),
        RefuseBatch(0, RefuseUse(Usage(2, "2026-11-25", MIDNIGHT, ("ann", "2")), 2)),
    ]


def test_a_batch_counts_its_own_entries_but_leaves_no_use_when_it_is_refused() -> None:
    once_used = Usage(1, "2026-11-25", MIDNIGHT, ("ann", "before"))
    assert decide_with(once_used, reward("1", "2"), reward("1")) == [
        RefuseBatch(1, RefuseUse(once_used, 2)),
        AcceptBatch((AcceptPost(1, 1, use(2)),)),
    ]


def test_more_entries_than_are_allowed_are_simply_too_many() -> None:
    five = Usage(5, "2026-11-25", MIDNIGHT, ("ann", "before"))
    assert decide_with(five, reward("1")) == [RefuseBatch(0, RefuseUse(five, 2))]


def test_a_duplicate_comes_before_a_limit_and_a_limit_before_an_overdraft() -> None:
    spend = [Batch((post(Operation.CREDIT_SPEND, nonce),)) for nonce in ("1", "1", "2")]
    limited = Usage(1, "2026-11-25", MIDNIGHT, ("ann", "1"))
    assert decide_with(UNUSED, *spend, balance=1) == [
        AcceptBatch((AcceptPost(-1, 0, Use("2026-11-25", 1, 1)),)),
        RefuseBatch(0, RefuseDuplicate(("ann", "1"), reused=False)),
        RefuseBatch(0, RefuseUse(limited, 1)),
    ]
