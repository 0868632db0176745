"""What a `Ledger` declaration provides, and which declarations are refused."""

import pickle
from typing import Any

import pytest

from core.ledgers.errors import DefinitionError, ForeignOperation, InvalidIdentifier
from core.ledgers.ledger import Ledger
from core.ledgers.operations import BaseLedgerOperation
from core.ledgers.requests import Post
from core.ledgers.tables import per_operation


class ShopOperation(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"
    SALE = "SALE"


class OtherOperation(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"
    SALE = "SALE"


SALE = ShopOperation.SALE
SHOP = Ledger(name="shop", operations=ShopOperation, amounts={SALE: -2})


def test_a_ledger_has_an_amount_for_every_operation_in_enum_order() -> None:
    assert [(operation.name, amount) for operation, amount in SHOP.amounts.items()] == [
        ("DAILY_REWARD", 1),
        ("SIGNUP_CREDIT", 3),
        ("CREDIT_SPEND", -1),
        ("CREDIT_ADD", 10),
        ("SALE", -2),
    ]


def test_an_app_overrides_a_shared_amount_explicitly() -> None:
    daily = ShopOperation.DAILY_REWARD
    ledger = Ledger(name="shop", operations=ShopOperation, amounts={SALE: 0}, overrides={daily: 7})
    assert ledger.amount_of(daily) == 7
    assert SHOP.amount_of(daily) == 1


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"amounts": {}}, "SALE has no amount; add it"),
        ({"amounts": {SALE: 1, OtherOperation["SALE"]: 1}}, "is not an operation of ShopOperation"),
        ({"amounts": {SALE: 1, "SALE": 1}}, "SALE is not an operation of ShopOperation"),
        ({"amounts": {SALE: 1, ShopOperation["CREDIT_ADD"]: 1}}, "move it to overrides"),
        ({"overrides": {SALE: 1}}, "is not a shared operation; move it to amounts"),
        ({"amounts": {SALE: 1.0}}, "must be an integer"),
        ({"amounts": {SALE: True}}, "must be an integer"),
        ({"amounts": {SALE: "1"}}, "must be an integer"),
        ({"amounts": {SALE: 2**31}}, "from -2147483647 to 2147483647 credits"),
        ({"amounts": {SALE: -(2**31)}}, "from -2147483647 to 2147483647 credits"),
        *(
            ({"name": name}, "is not a valid ledger name.* use 1 to 43 characters of a-z")
            for name in (
                *("", "Shop", "1shop", "_shop", "my-shop", "my shop", 'a"b', "shöp", "sh\n"),
                *("pg_shop", "pg_catalog", "public", "information_schema", "s" * 44),
            )
        ),
        *(
            ({"name": name}, f"because it is a keyword of Python.*, such as {name}_app")
            for name in ("class", "import", "global", "return", "async")
        ),
    ],
)
def test_an_invalid_ledger_is_refused_when_it_is_declared(
    changes: dict[str, Any], message: str
) -> None:
    declaration = {"name": "shop", "operations": ShopOperation, "amounts": {SALE: 1}, **changes}
    with pytest.raises(DefinitionError, match=message):
        Ledger(**declaration)


@pytest.mark.parametrize("name", ["order", "user", "group", "pgbank", "match", "s" * 43])
def test_a_name_that_needs_quotes_in_sql_is_accepted(name: str) -> None:
    assert Ledger(name=name, operations=ShopOperation, amounts={SALE: 1}).name == name


def test_an_operation_of_another_app_has_no_amount() -> None:
    with pytest.raises(ForeignOperation, match="not an operation of the ledger 'shop'"):
        SHOP.amount_of(OtherOperation.SALE)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(
    "text, advice", [("SALE", "pass ShopOperation.SALE, not a string"), ("SOLD", "use a member")]
)
def test_a_string_is_not_an_operation(text: str, advice: str) -> None:
    given: Any = text
    with pytest.raises(ForeignOperation, match=f"{text} is not an operation .+{advice}"):
        SHOP.amount_of(given)


def test_a_ledger_makes_posts_of_its_own_operations_only() -> None:
    assert SHOP.request(owner_id="ann", operation=SALE, nonce="1") == Post("ann", SALE, "1")
    foreign: Any = OtherOperation.SALE  # Any hides the type from the type checker
    with pytest.raises(ForeignOperation):
        SHOP.request(owner_id="ann", operation=foreign, nonce="1")
    with pytest.raises(InvalidIdentifier):
        SHOP.request(owner_id="", operation=SALE, nonce="1")  # type: ignore[ledger-operation]


def test_a_ledger_can_be_pickled() -> None:
    copied = pickle.loads(pickle.dumps(SHOP))
    assert (copied.name, copied.operations, copied.amounts) == ("shop", ShopOperation, SHOP.amounts)


def test_an_override_must_not_turn_a_sign_around() -> None:
    for operation, amount in [("CREDIT_SPEND", 5), ("CREDIT_ADD", -10), ("DAILY_REWARD", -1)]:
        overrides = {ShopOperation[operation]: amount}
        with pytest.raises(DefinitionError, match=f"overrides: .*{operation} .* keep the sign of"):
            Ledger(name="shop", operations=ShopOperation, amounts={SALE: 1}, overrides=overrides)
    none = {ShopOperation.CREDIT_SPEND: 0, ShopOperation.CREDIT_ADD: 0}
    Ledger(name="shop", operations=ShopOperation, amounts={SALE: 1}, overrides=none)


def test_a_ledger_of_no_operations_is_refused() -> None:
    base: Any = BaseLedgerOperation
    with pytest.raises(DefinitionError, match="BaseLedgerOperation has no operations; use the"):
        Ledger(name="shop", operations=base, amounts={})


def test_a_ledger_is_read_only() -> None:
    ledger: Any = SHOP
    for name in ("name", "operations", "amounts", "version"):
        with pytest.raises(AttributeError):
            setattr(ledger, name, "other")
    with pytest.raises(TypeError):
        ledger.amounts[SALE] = 5


def test_a_table_has_every_operation() -> None:
    labels = {operation: operation.name.lower() for operation in ShopOperation}
    table = per_operation(ShopOperation, labels)
    assert table == labels and table[SALE] == "sale"
    del labels[SALE]
    assert SALE in table
    with pytest.raises(DefinitionError, match="table: ShopOperation.SALE is missing; add it"):
        per_operation(ShopOperation, labels)
    untyped: Any = per_operation
    foreign: dict[Any, str] = {OtherOperation.SALE: "sale", **table}
    with pytest.raises(DefinitionError, match="OtherOperation.SALE is not an operation of Shop"):
        untyped(ShopOperation, foreign)
