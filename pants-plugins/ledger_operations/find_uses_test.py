"""Tests which operations code is found to name, in every form, and what is left unknown."""

from __future__ import annotations

import pytest

from ledger_operations.bindings import Request
from ledger_operations.find_uses import uses

OPERATIONS = """
ShopOperation = extend_enum(BaseLedgerOperation, "ShopOperation", {"SALE": "SALE", "GIFT": "gift"})
"""
AS_CLASS = """
class ShopOperation(BaseLedgerOperation):
    CREDIT_ADD = "CREDIT_ADD"
    SALE = "SALE"
    GIFT = "gift"
"""
LEDGER = """
from apps.shop.operations import ShopOperation
LEDGER = Ledger(name="shop", operations=ShopOperation, amounts={ShopOperation.SALE: -7})
"""
IMPORT = "from apps.shop.operations import ShopOperation\n"
UNKNOWN = None


def found(operations: str = OPERATIONS, **modules: str) -> list[tuple[str, int, str | None]]:
    """Returns the module, line and operation of each use in `modules`, which are in apps.shop."""
    texts = {"operations": operations, "ledger": LEDGER, **modules}
    files = {f"src/apps/shop/{name}.py": f"apps.shop.{name}" for name in texts}
    request = Request({"shop": ("apps.shop.operations", "apps.shop.ledger")}, files)
    by_file = {f"src/apps/shop/{name}.py": text for name, text in texts.items()}
    return [
        (use.file[len("src/apps/shop/") : -3], use.line, use.operation)
        for use in uses(request, by_file)
    ]


def named(code: str, operations: str = OPERATIONS) -> list[str | None]:
    return [operation for _, _, operation in found(operations, code=code)]


def test_the_declarations_are_no_uses() -> None:
    assert found() == []


@pytest.mark.parametrize("operations", [OPERATIONS, AS_CLASS])
@pytest.mark.parametrize(
    "code",
    [
        IMPORT + "post(ShopOperation.SALE, ShopOperation.GIFT)",
        IMPORT + "post(ShopOperation['SALE']), ShopOperation['GIFT']",
        IMPORT + "post(ShopOperation('SALE'), ShopOperation('gift'))",
        IMPORT + "post(getattr(ShopOperation, 'SALE'), getattr(ShopOperation, 'GIFT').value)",
        IMPORT + "S, G = 'SALE', 'GIFT'\n" + "post(ShopOperation.SALE, ShopOperation.GIFT)",
        IMPORT + "S = 'SALE'\nG = 'GIFT'\npost(ShopOperation[S], ShopOperation[G])",
        IMPORT + "Op = ShopOperation\nAgain = Op\npost(Op.SALE, Again.GIFT)",
        "from apps.shop.operations import ShopOperation as Op\npost(Op.SALE, Op.GIFT)",
        "from apps.shop.operations import *\npost(ShopOperation.SALE, ShopOperation.GIFT)",
        "from .operations import ShopOperation as Op\npost(Op.SALE, Op.GIFT)",
        "from . import operations\nOp = operations.ShopOperation\npost(Op.SALE, Op.GIFT)",
        "import apps.shop.operations as o\npost(o.ShopOperation.SALE, o.ShopOperation.GIFT)",
        "import apps.shop.operations\nOp = apps.shop.operations.ShopOperation\nOp.SALE, Op.GIFT",
        "from apps.shop import operations as o\no.ShopOperation.SALE, o.ShopOperation.GIFT",
        "from apps.shop.ledger import LEDGER as L\npost(L.operations.SALE, L.operations['GIFT'])",
        "from apps.shop.ledger import ShopOperation as Op\npost(Op.SALE, Op.GIFT)",
        "def f():\n" + f"    {IMPORT}" + "    return ShopOperation.SALE or ShopOperation.GIFT",
        IMPORT + "def f(op: ShopOperation = ShopOperation.SALE): return {ShopOperation.GIFT: 1}",
        IMPORT + "async def f():\n    await post(ShopOperation.SALE)\n    f'{ShopOperation.GIFT}'",
        IMPORT
        + "prices: dict[ShopOperation, int] = {ShopOperation.SALE: 1, ShopOperation.GIFT: 2}",
        IMPORT + "with LedgerClient(u, operations=ShopOperation) as c:\n"
        "    c.post(operation=ShopOperation.SALE)\n    c.post(operation=ShopOperation.GIFT)",
    ],
)
def test_operations_are_found_in_every_form(code: str, operations: str) -> None:
    assert named(code, operations) == ["SALE", "gift"]


@pytest.mark.parametrize(
    "code",
    [
        "post(getattr(ShopOperation, name))",
        "post(ShopOperation[name])",
        "post(ShopOperation(value))",
        "post(ShopOperation[f'{name}'])",
        "for operation in ShopOperation: post(operation)",
        "posts = [post(operation) for operation in ShopOperation]",
        "self.operations = ShopOperation",
        "post_any_of(ShopOperation)",
        "post_any_of(several=ShopOperation)",
        "name = 'SALE'\ndef f(name): return ShopOperation[name]",
        "if a:\n    name = 'SALE'\nelse:\n    name = 'GIFT'\npost(ShopOperation[name])",
    ],
)
def test_what_is_known_at_run_time_only_is_listed_as_unknown(code: str) -> None:
    assert named(IMPORT + code) == [UNKNOWN]


@pytest.mark.parametrize(
    "code",
    [
        "def f(operation: ShopOperation) -> ShopOperation: return operation",
        "async def f(operation: ShopOperation | None) -> list[ShopOperation]: ...",
        "operation: ShopOperation",
        "Client = LedgerClient[ShopOperation]",
        "table: dict[str, tuple[ShopOperation, int]] = {}",
        "isinstance(x, (int, ShopOperation))",
        "x = cast(ShopOperation, y)",
        "client = LedgerClient(url, operations=ShopOperation)",
        "post(Other.SALE)",
    ],
)
def test_a_type_is_not_a_use(code: str) -> None:
    assert named(IMPORT + code) == []


FROM_LEDGER = "from apps.shop.ledger import LEDGER\n"


@pytest.mark.parametrize(
    "code",
    [
        "for operation in LEDGER.amounts: post(operation)",
        "for o, l in LEDGER.limits.items(): post(o)",
    ],
)
def test_the_keys_of_a_ledgers_tables_are_unknown_operations(code: str) -> None:
    assert named(IMPORT + FROM_LEDGER + code) == [UNKNOWN]


@pytest.mark.parametrize("code", ["amounts[ShopOperation.SALE]", "limits.get(ShopOperation.SALE)"])
def test_a_look_up_in_a_ledgers_tables_is_a_use_of_its_operation_only(code: str) -> None:
    assert named(IMPORT + FROM_LEDGER + f"LEDGER.{code}") == ["SALE"]


@pytest.mark.parametrize("operations", [OPERATIONS, AS_CLASS])
@pytest.mark.parametrize(
    "more", ["TITLES = {'SALE': 'Purchase'}", "TITLES = MappingProxyType({'SALE': 'Purchase'})"]
)
def test_other_texts_beside_the_operations_are_not_their_values(operations: str, more: str) -> None:
    assert named(IMPORT + "ShopOperation.SALE", operations + more) == ["SALE"]


@pytest.mark.parametrize(
    "arguments", ["EXTRA", "{**EXTRA}", "extra=EXTRA", "{**EXTRA, 'OTHER': 'OTHER'}"]
)
@pytest.mark.parametrize(
    "constant",
    [
        "EXTRA = {'GIFT': 'gift'}",
        "EXTRA: Final = {'GIFT': 'gift'}",
        "EXTRA = {}\nEXTRA = {**EXTRA, 'GIFT': 'gift'}",
    ],
)
@pytest.mark.parametrize("function", ["extend_enum", "operations.extend_enum"])
def test_the_values_may_be_in_a_constant(constant: str, function: str, arguments: str) -> None:
    operations = f"{constant}\nShopOperation = {function}(Base, 'S', {arguments})"
    assert named(IMPORT + "ShopOperation.GIFT", operations) == ["gift"]


def test_an_attribute_that_is_no_operation_keeps_its_name() -> None:
    assert named(IMPORT + "len(ShopOperation.__members__)") == ["__members__"]


def test_names_are_followed_through_other_modules() -> None:
    # In an order in which each import comes before what it imports.
    last = "from apps.shop.middle import Op\nimport apps.shop.middle as m\nOp.SALE, m.KIND.GIFT"
    middle = "from apps.shop.first import Again as Op\nKIND = Op"
    first = IMPORT + "Again = ShopOperation"
    assert found(last=last, middle=middle, first=first) == [
        ("last", 3, "SALE"),
        ("last", 3, "gift"),
    ]


def test_apps_are_told_apart() -> None:
    files = {f"{app}/{name}.py": f"apps.{app}.{name}" for app in "ab" for name in ("ops", "ledger")}
    request = Request(
        {app: (f"apps.{app}.ops", f"apps.{app}.ledger") for app in "ab"}, {**files, "c.py": "c"}
    )
    texts = {
        **{file: "class Op(Base):\n    SALE = 'SALE'" for file in files},
        "c.py": "from apps.a.ops import Op as A\nfrom apps.b.ops import Op as B\nB.SALE\nA.SALE",
    }
    assert [(use.app, use.line, use.text) for use in uses(request, texts)] == [
        ("b", 3, "B.SALE"),
        ("a", 4, "A.SALE"),
    ]
