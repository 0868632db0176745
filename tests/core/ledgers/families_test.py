"""Families: enums that extend another one, and ledgers that take over what their base declares."""

import pickle
from enum import Enum
from typing import Any

import pytest

from core.ledgers.amounts import Amount
from core.ledgers.errors import DefinitionError, ForeignOperation
from core.ledgers.ledger import Ledger, at_most, once, once_per, per_unit
from core.ledgers.operations import SHARED_OPERATIONS, BaseLedgerOperation, extend_enum


class ClassForm(BaseLedgerOperation):
    CREDIT_ADD = "CREDIT_ADD"
    SALE = "sale"
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"

    def describe(self) -> str:
        return self.name.lower()


CallForm = extend_enum(BaseLedgerOperation, "CallForm", {"SALE": "sale", "MINUTES": "MINUTES"})
ClassFamily = extend_enum(ClassForm, "ClassFamily", {"GIFT": "gift"})
CallFamily = extend_enum(CallForm, "CallFamily", {"GIFT": "gift", "VISIT": "visit"})
Grandchild = extend_enum(CallFamily, "Grandchild", {"BONUS": "bonus"})

families = pytest.mark.parametrize(
    "base, family, extra",
    [
        (ClassForm, ClassFamily, {"GIFT": "gift"}),
        (CallForm, CallFamily, {"GIFT": "gift", "VISIT": "visit"}),
        (CallFamily, Grandchild, {"BONUS": "bonus"}),
    ],
)


@families
def test_a_family_has_the_members_of_its_base_and_then_the_extra_ones(
    base: type[BaseLedgerOperation], family: type[BaseLedgerOperation], extra: dict[str, str]
) -> None:
    expected = [*((op.name, op.value) for op in base), *extra.items()]
    assert [(operation.name, operation.value) for operation in family] == expected
    assert len([*base]) + len(extra) == len([*family])


@families
def test_a_family_is_an_enum_of_its_own_directly_below_the_base_class(
    base: type[BaseLedgerOperation], family: type[BaseLedgerOperation], extra: dict[str, str]
) -> None:
    assert family.__bases__ == (BaseLedgerOperation,)
    assert not issubclass(family, base) and not issubclass(base, family)
    members: list[object] = [*family]
    assert not any(member == other or member is other for member in members for other in base)
    assert not any(isinstance(member, base) for member in members)
    for operation in family:
        assert pickle.loads(pickle.dumps(operation)) is operation
    assert (family.__module__, family.__qualname__) == (__name__, family.__name__)


def test_a_family_without_extra_operations_is_another_enum() -> None:
    same = extend_enum(ClassForm, "Same", {})
    assert [op.name for op in same] == [op.name for op in ClassForm]
    assert same is not ClassForm and not hasattr(same, "describe")


@pytest.mark.parametrize(
    "extra, message",
    [
        ({"SALE": "sell"}, "SALE = 'sell' collides with SALE = 'sale' of CallForm; remove it"),
        ({"SALE": "sale"}, "SALE = 'sale' collides with SALE = 'sale' of CallForm; remove it"),
        ({"NEW": "new", "SELL": "sale"}, "SELL = 'sale' collides with SALE = 'sale' of CallForm"),
        ({"CREDIT_ADD": "add"}, "CREDIT_ADD = 'add' collides with a shared operation"),
        ({"ADD": "CREDIT_ADD"}, "ADD = 'CREDIT_ADD' collides with a shared operation"),
        ({"NEW": "same", "NEWER": "same"}, "NEWER is an alias of NEW"),
        ({"class": "class"}, "'class' is not a valid operation name"),
        ({"NEW": "é" * 32}, "NEW must be 1 to 63 bytes"),
    ],
)
def test_a_family_that_repeats_an_operation_is_refused(extra: dict[str, str], message: str) -> None:
    with pytest.raises(DefinitionError, match=f"^Refused.*{message}"):
        extend_enum(CallForm, "Refused", extra)


def test_the_operations_of_all_ancestors_are_taken() -> None:
    with pytest.raises(DefinitionError, match="collides with MINUTES = 'MINUTES' of Grandchild"):
        extend_enum(Grandchild, "Refused", {"TIME": "MINUTES"})


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize("base", [Colour, str, None, "CallForm", CallForm["SALE"], Enum])
def test_only_an_operation_enum_can_be_extended(base: Any) -> None:
    with pytest.raises(DefinitionError, match="Refused: .* is not an operation enum, so it cannot"):
        extend_enum(base, "Refused", {"NEW": "new"})


SALE, MINUTES = CallForm["SALE"], CallForm["MINUTES"]
UNIT = per_unit(-2, at_most=60, formerly=(-1,))
SHOP = Ledger(
    name="shop",
    operations=CallForm,
    amounts={SALE: -5, MINUTES: UNIT},
    overrides={CallForm["SIGNUP_CREDIT"]: 7},
    limits={CallForm["SIGNUP_CREDIT"]: once(), SALE: at_most(3, per="week")},
)
GIFT, VISIT = CallFamily["GIFT"], CallFamily["VISIT"]
EXTRA: dict[Any, Amount] = {GIFT: 4, VISIT: per_unit(1, at_most=5)}


def premium(**declared: Any) -> Ledger[BaseLedgerOperation]:
    given: Any = {"name": "premium", "operations": CallFamily, "base": SHOP, "amounts": EXTRA}
    return Ledger(**{**given, **declared})


def by_name(table: Any) -> dict[str, object]:
    return {operation.name: value for operation, value in table.items()}


def test_a_ledger_takes_over_the_amounts_and_limits_of_its_base() -> None:
    ledger = premium()
    shared = {**SHARED_OPERATIONS, "SIGNUP_CREDIT": 7}
    assert by_name(ledger.amounts) == {**shared, "SALE": -5, "MINUTES": -2, "GIFT": 4, "VISIT": 1}
    assert by_name(ledger.per_unit) == {"MINUTES": UNIT, "VISIT": EXTRA[VISIT]}
    assert by_name(ledger.limits) == by_name(SHOP.limits)
    for table in (ledger.amounts, ledger.per_unit, ledger.limits):
        assert all(isinstance(operation, CallFamily) for operation in table)
    assert ledger.amount_of(CallFamily["MINUTES"], 10) == -20
    assert (ledger.name, ledger.version) == ("premium", "1.0.0")
    with pytest.raises(ForeignOperation):
        ledger.amount_of(SALE)


def test_a_ledger_without_a_base_takes_over_nothing() -> None:
    with pytest.raises(DefinitionError, match="SALE has no amount; add it; .*MINUTES has no amou"):
        premium(base=None)


def test_any_amount_that_is_taken_over_can_be_overridden() -> None:
    per_message = per_unit(-1, at_most=10)
    ledger = premium(
        overrides={
            CallFamily["SALE"]: per_message,
            CallFamily["MINUTES"]: 3,
            CallFamily["CREDIT_ADD"]: 20,
        }
    )
    expected = {"SALE": -1, "MINUTES": 3, "CREDIT_ADD": 20, "SIGNUP_CREDIT": 7}
    assert {**by_name(ledger.amounts), **expected} == by_name(ledger.amounts)
    assert by_name(ledger.per_unit) == {"SALE": per_message, "VISIT": EXTRA[VISIT]}
    assert by_name(SHOP.per_unit) == {"MINUTES": UNIT}


def test_limits_that_are_taken_over_can_be_replaced_and_removed() -> None:
    weekly = once_per("week")
    ledger = premium(limits={CallFamily["SIGNUP_CREDIT"]: None, GIFT: weekly})
    assert by_name(ledger.limits) == {"SALE": at_most(3, per="week"), "GIFT": weekly}
    ledger = premium(limits={CallFamily["SALE"]: weekly})
    assert by_name(ledger.limits) == {"SIGNUP_CREDIT": once(), "SALE": weekly}


def test_a_family_of_a_family_takes_over_all() -> None:
    grandchild = Ledger(
        name="grandchild",
        operations=Grandchild,
        base=premium(limits={GIFT: once()}),
        amounts={Grandchild["BONUS"]: 9},
    )
    assert by_name(grandchild.amounts) == {**by_name(premium().amounts), "BONUS": 9}
    assert set(by_name(grandchild.limits)) == {"SIGNUP_CREDIT", "SALE", "GIFT"}


@pytest.mark.parametrize(
    "declared, message",
    [
        ({"amounts": {GIFT: 4}}, "amounts: CallFamily.VISIT has no amount; add it"),
        (
            {"amounts": {**EXTRA, CallFamily["SALE"]: -5}},
            "amounts: CallFamily.SALE is in the base and already has an amount; .* overrides",
        ),
        (
            {"amounts": {**EXTRA, CallFamily["CREDIT_ADD"]: 5}},
            "amounts: CallFamily.CREDIT_ADD is a shared operation and already has an amount",
        ),
        ({"amounts": {**EXTRA, SALE: -5}}, "amounts: CallForm.SALE is not an operation of CallFam"),
        ({"overrides": {GIFT: 5}}, "overrides: CallFamily.GIFT is not .*; move it to amounts"),
        ({"overrides": {CallFamily["SALE"]: 2**31}}, "overrides: the amount of CallFamily.SALE"),
        ({"overrides": {CallFamily["CREDIT_ADD"]: -1}}, "overrides: .* keep the sign of 10"),
        ({"limits": {GIFT: None}}, "limits: CallFamily.GIFT has no limit in the base"),
        ({"limits": {SALE: once()}}, "limits: CallForm.SALE is not an operation of CallFamily"),
        ({"base": CallForm}, "base: .* is not a ledger; use the Ledger"),
        ({"base": "shop"}, "base: 'shop' is not a ledger; use the Ledger"),
    ],
)
def test_an_invalid_ledger_of_a_family_is_refused(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=f"^{message}"):
        premium(**declared)


Renamed = extend_enum(BaseLedgerOperation, "Renamed", {"SALE": "SALE", "MINUTES": "MINUTES"})


def test_the_operations_of_a_base_must_all_exist_with_the_same_values() -> None:
    lacks = "base: Renamed lacks SALE = 'sale' of CallForm, .*make it by extend_enum.CallForm, 'Ren"
    with pytest.raises(DefinitionError, match=lacks):
        premium(operations=Renamed, amounts={})
    with pytest.raises(
        DefinitionError, match="base: CallForm lacks GIFT = 'gift', VISIT = 'visit'"
    ):
        premium(name="shop", operations=CallForm, amounts={}, base=premium())


def test_a_base_may_have_the_same_operations() -> None:
    ledger = premium(operations=CallForm, amounts={}, overrides={SALE: -6})
    assert ledger.amounts == {**SHOP.amounts, SALE: -6}
    assert ledger.limits == SHOP.limits
