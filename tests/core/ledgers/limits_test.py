"""Limits: which are valid, and how a ledger declares them."""

import pickle
from typing import Any

import pytest

from core.ledgers import limits
from core.ledgers.errors import DefinitionError
from core.ledgers.ledger import Ledger, at_most, once, once_per
from core.ledgers.limits import PERIODS, Limit
from core.ledgers.operations import BaseLedgerOperation


class ShopOperation(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"
    COUPON = "COUPON"


COUPON = ShopOperation.COUPON


def shop(**declared: Any) -> Ledger[ShopOperation]:
    return Ledger(name="shop", operations=ShopOperation, amounts={COUPON: 5}, **declared)


def test_each_form_of_a_limit_has_a_count_a_period_and_a_time_zone() -> None:
    assert once() == Limit(1, None, "UTC")
    assert once_per("day") == Limit(1, "day", "UTC")
    assert once_per("week", timezone="Asia/Kathmandu") == Limit(1, "week", "Asia/Kathmandu")
    assert at_most(3) == Limit(3, None, "UTC")
    assert at_most(2**31 - 1, per="month", timezone="Europe/Berlin").per == "month"
    assert PERIODS == ("hour", "day", "week", "month")


@pytest.mark.parametrize("count", [0, -1, 2**31, 1.0, True, "1", None])
def test_a_count_must_be_a_positive_integer(count: Any) -> None:
    with pytest.raises(DefinitionError, match="a limit must be an integer from 1 to 2147483647"):
        at_most(count, per="day")


@pytest.mark.parametrize("period", ["fortnight", "days", "DAY", "", "year", 1])
def test_a_period_must_be_one_of_four(period: Any) -> None:
    with pytest.raises(DefinitionError, match="must be one of 'hour', 'day', 'week', 'month', not"):
        at_most(1, per=period)
    with pytest.raises(DefinitionError, match="must be one of 'hour', 'day', 'week', 'month', not"):
        once_per(period)


@pytest.mark.parametrize("none", [None])
def test_once_per_needs_a_period(none: Any) -> None:
    with pytest.raises(DefinitionError, match="a period must be one of .*, not None"):
        once_per(none)


ZONES = [
    "",
    "Berlin",
    "europe/berlin",
    "Europe/Berlin ",
    "CET'",
    "../etc/passwd",
    "+01:00",
    None,
    1,
]


@pytest.mark.parametrize("timezone", ZONES)
def test_a_time_zone_must_be_the_name_of_one(timezone: Any) -> None:
    with pytest.raises(DefinitionError, match="is not a time zone; use the name of one"):
        once_per("day", timezone=timezone)


@pytest.mark.parametrize("unknown", ["Europe/Nowhere"])
def test_without_a_database_of_time_zones_only_the_form_of_a_name_is_checked(
    monkeypatch: pytest.MonkeyPatch, unknown: str
) -> None:
    monkeypatch.setattr(limits, "_known_timezones", lambda: frozenset[str]())
    assert once_per("day").timezone == "UTC"
    assert once_per("day", timezone=unknown).timezone == unknown
    with pytest.raises(DefinitionError, match="is not a time zone"):
        once_per("day", timezone=f"{unknown}'")


def test_a_limit_for_ever_has_no_time_zone() -> None:
    with pytest.raises(DefinitionError, match="without a period has no use for the time zone 'Eu"):
        at_most(3, timezone="Europe/Berlin")  # type: ignore[ledger-operation]  # on purpose


def test_a_ledger_limits_the_operations_that_it_declares() -> None:
    declared = {COUPON: at_most(3, per="day"), ShopOperation.DAILY_REWARD: once_per("day")}
    ledger = shop(limits=declared)
    assert ledger.limits == declared
    assert pickle.loads(pickle.dumps(ledger)).limits == declared
    assert shop().limits == shop(limits={}).limits == shop(limits=None).limits == {}


def test_the_limits_of_a_ledger_are_read_only() -> None:
    declared = {COUPON: once()}
    ledger = shop(limits=declared)
    declared.clear()
    readable: Any = ledger.limits
    assert readable == {COUPON: once()}
    with pytest.raises(TypeError):
        readable[COUPON] = at_most(2)
    for name in ("limits", "per_unit"):
        with pytest.raises(AttributeError):
            setattr(ledger, name, {})


class OtherOperation(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"
    COUPON = "COUPON"


@pytest.mark.parametrize(
    "declared, message",
    [
        ({OtherOperation.COUPON: once()}, "OtherOperation.COUPON is not an operation of ShopOp"),
        ({"COUPON": once()}, "COUPON is not an operation of ShopOperation"),
        ({COUPON: 1}, r"limit of ShopOperation.COUPON must be once\(\), once_per.*, not 1"),
        ({COUPON: "day"}, "limit of ShopOperation.COUPON must be once.*, not 'day'"),
        ({COUPON: once}, "limit of ShopOperation.COUPON must be once.*, not <function once"),
        ({COUPON: None}, "COUPON has no limit in the base that could be removed; leave it out"),
    ],
)
def test_invalid_limits_are_refused_when_the_ledger_is_declared(
    declared: Any, message: str
) -> None:
    with pytest.raises(DefinitionError, match=f"^limits: .*{message}"):
        shop(limits=declared)
