"""Amounts per unit: which are valid, how they are declared, and what a quantity is worth."""

import pickle
from typing import Any

import pytest

from core.ledgers.amounts import PerUnit
from core.ledgers.errors import (
    DefinitionError,
    ForeignOperation,
    InvalidQuantity,
    QuantityNotAllowed,
)
from core.ledgers.ledger import Ledger, per_unit
from core.ledgers.operations import BaseLedgerOperation
from core.ledgers.requests import Post


class ChatOperation(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"
    TOKENS = "TOKENS"
    MESSAGE = "MESSAGE"


class OtherOperation(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"


TOKENS, MESSAGE = ChatOperation.TOKENS, ChatOperation.MESSAGE
CHAT = Ledger(
    name="chat",
    operations=ChatOperation,
    amounts={TOKENS: per_unit(-2, at_most=1000, formerly=(-1,)), MESSAGE: -2},
    overrides={ChatOperation.CREDIT_ADD: per_unit(5, at_most=3)},
)
MOST = 2**31 - 1


@pytest.mark.parametrize(
    "amount, at_most, formerly",
    [
        (1, 1, ()),
        (-1, MOST, ()),
        (MOST, 1, (-MOST,)),
        (-3, MOST // 3, ()),
        (-2, 10, (-1, -3, 2)),
    ],
)
def test_an_entry_of_any_quantity_fits_the_column(
    amount: int, at_most: int, formerly: tuple[int, ...]
) -> None:
    unit = per_unit(amount, at_most=at_most, formerly=formerly)
    assert (unit.amount, unit.at_most, unit.formerly) == (amount, at_most, formerly)
    assert unit.amount_for(1) == amount
    assert unit.possible_amounts(at_most) == tuple(each * at_most for each in (amount, *formerly))
    assert all(abs(possible) <= MOST for possible in unit.possible_amounts(at_most))


@pytest.mark.parametrize(
    "amount, at_most, formerly, message",
    [
        (0, 10, (), "other than 0, not 0"),
        (True, 10, (), "other than 0, not True"),
        (1.5, 10, (), "must be an integer other than 0, not 1.5"),
        ("1", 10, (), "must be an integer other than 0, not '1'"),
        (-1, 0, (), "at_most must be an integer of at least 1, not 0"),
        (-1, -1, (), "at_most must be an integer of at least 1, not -1"),
        (-1, True, (), "at_most must be an integer of at least 1, not True"),
        (-1, 1.0, (), "at_most must be an integer of at least 1, not 1.0"),
        (-1, None, (), "at_most must be an integer of at least 1, not None"),
        (-3, 10**9, (), "1000000000 units of -3 are -3000000000 credits.* lower at_most to 715827"),
        (-3, MOST // 3 + 1, (), "lower at_most to 715827882"),
        (-1, MOST + 1, (), "lower at_most to 2147483647"),
        (MOST + 1, 1, (), "use a smaller amount"),
        (-2, 10, (0,), "other than 0, not 0"),
        (-2, 10, (-1, None), "other than 0, not None"),
        (-1, MOST, (-2,), "2147483647 units of -2 are .* lower at_most to 1073741823"),
        (-2, 10, (-2,), "-2 is the amount of today; remove it from formerly"),
        (-2, 10, (-1, -3, -1), "-1 is repeated; remove it from formerly"),
        (-2, 10, -1, r"formerly must be a tuple, such as \(-1,\), not -1"),
        (-2, 10, [-1], r"formerly must be a tuple, such as \(-1,\), not \[-1\]"),
    ],
)
def test_an_invalid_amount_per_unit_is_refused_when_it_is_declared(
    amount: Any, at_most: Any, formerly: Any, message: str
) -> None:
    with pytest.raises(DefinitionError, match=f"^per_unit: .*{message}"):
        per_unit(amount, at_most=at_most, formerly=formerly)


def test_a_ledger_mixes_fixed_amounts_and_amounts_per_unit() -> None:
    assert [*CHAT.amounts.values()] == [1, 3, -1, 5, -2, -2]
    assert [*CHAT.per_unit] == [ChatOperation.CREDIT_ADD, TOKENS]
    assert pickle.loads(pickle.dumps(CHAT)).per_unit == CHAT.per_unit


@pytest.mark.parametrize("quantity", [1, 2, 999, 1000])
def test_the_amount_is_that_of_a_unit_times_the_quantity(quantity: int) -> None:
    assert CHAT.amount_of(TOKENS, quantity) == -2 * quantity
    post = CHAT.request(owner_id="ann", operation=TOKENS, nonce="1", quantity=quantity)
    assert post == Post("ann", TOKENS, "1", quantity)


def test_a_request_without_a_quantity_is_for_one_unit() -> None:
    assert CHAT.amount_of(TOKENS) == -2
    assert CHAT.request(owner_id="ann", operation=TOKENS, nonce="1").quantity == 1
    assert CHAT.request(owner_id="ann", operation=MESSAGE, nonce="1", quantity=1).quantity == 1


@pytest.mark.parametrize("quantity", [0, -1, 1001, 2**40, 1.0, 2.0, True, "1", None])
def test_a_quantity_must_be_an_integer_in_the_range(quantity: Any) -> None:
    with pytest.raises(InvalidQuantity, match="must be an integer from 1 to 1000") as refusal:
        CHAT.request(owner_id="ann", operation=TOKENS, nonce="1", quantity=quantity)
    assert refusal.value.code == "invalid_quantity"
    with pytest.raises(InvalidQuantity):
        CHAT.amount_of(TOKENS, quantity)


@pytest.mark.parametrize("quantity", [0, -1, 2, 1.0, True])
def test_an_operation_with_a_fixed_amount_takes_no_quantity(quantity: Any) -> None:
    for operation in (MESSAGE, ChatOperation.DAILY_REWARD):
        with pytest.raises(
            QuantityNotAllowed, match=f"^{operation.value} has a fixed amount"
        ) as refusal:
            CHAT.request(owner_id="ann", operation=operation, nonce="1", quantity=quantity)
        assert refusal.value.code == "quantity_not_allowed"


def test_the_quantity_of_an_operation_of_another_app_is_not_looked_at() -> None:
    foreign: Any = OtherOperation.CREDIT_ADD
    for quantity in (1, 2, 0):
        with pytest.raises(ForeignOperation):
            CHAT.request(owner_id="ann", operation=foreign, nonce="1", quantity=quantity)


@pytest.mark.parametrize(
    "override, message",
    [
        ({ChatOperation.CREDIT_SPEND: per_unit(1, at_most=9)}, "takes credits.* keep the sign of"),
        ({ChatOperation.CREDIT_ADD: per_unit(-1, at_most=9)}, "adds credits.* cannot be -1"),
        (
            {ChatOperation.CREDIT_ADD: per_unit(1, at_most=9, formerly=(2, -3))},
            "adds credits.* cannot be -3",
        ),
        ({TOKENS: per_unit(-1, at_most=9)}, "is not a shared operation; move it to amounts"),
    ],
)
def test_an_override_per_unit_follows_the_rules_of_overrides(
    override: dict[ChatOperation, PerUnit], message: str
) -> None:
    with pytest.raises(DefinitionError, match=f"^overrides: .*{message}"):
        Ledger(
            name="chat",
            operations=ChatOperation,
            amounts={TOKENS: per_unit(-1, at_most=9), MESSAGE: 1},
            overrides=override,
        )
