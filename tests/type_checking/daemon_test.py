"""When an enum is edited, mypy checks its users again, both in its daemon and with its cache."""

from collections.abc import Callable
from pathlib import Path

import pytest

from type_checking.edits import by_call, by_class

Run = Callable[[], str]

LEDGER = """\
from core.ledgers.ledger import Ledger
from operations import Operation

LEDGER = Ledger(name="app", operations=Operation, amounts={Operation.REFUND: 1})
"""
MATCH = """\
from typing_extensions import assert_never

from operations import Operation


def describe(operation: Operation) -> str:
    match operation:
        case Operation.DAILY_REWARD | Operation.SIGNUP_CREDIT:
            return "gift"
        case Operation.CREDIT_SPEND | Operation.CREDIT_ADD | Operation.REFUND:
            return "transfer"
        case _:
            assert_never(operation)
"""
LITERAL = """\
from typing import Literal

from operations import Operation

Refund = Literal[Operation.REFUND]


def refund(operation: Refund) -> Refund:
    other: Literal[Operation.REFUND] = operation
    return other


refund(Operation.REFUND)
"""
UNKNOWN = '"type[Operation]" has no attribute "REFUND"  [attr-defined]'
MISSING = "amounts: Operation.BONUS has no amount; add it  [ledger-operation]"
COLLIDES = "Operation: CREDIT_ADD = 'x' collides with a shared operation"
UNHANDLED = 'Argument 1 to "assert_never" has incompatible type "Literal[Operation.BONUS]"'


@pytest.fixture(autouse=True)
def users(app: Path) -> None:
    (app / "ledger.py").write_text(LEDGER)
    (app / "match.py").write_text(MATCH)


@pytest.mark.parametrize("form", [by_call, by_class])
def test_an_edit_of_an_enum_is_noticed_in_the_modules_that_import_it(
    app: Path, check: Run, form: Callable[..., str]
) -> None:
    def edit(**members: str) -> None:
        (app / "operations.py").write_text(form(**members))

    edit(REFUND="refund")
    assert "Success" in check()
    edit(REFUND="refund", BONUS="bonus")
    output = check()
    assert f"ledger.py:4: error: {MISSING}" in output
    assert f"match.py:13: error: {UNHANDLED}" in output
    edit(BONUS="bonus")
    assert f"ledger.py:4: error: {UNKNOWN}" in check()
    edit(REFUND="refund")
    assert "Success" in check()


@pytest.mark.parametrize("form", [by_call, by_class])
def test_literal_types_stay_the_same_when_the_enum_changes(
    app: Path, check: Run, form: Callable[..., str]
) -> None:
    for file in ("ledger.py", "match.py"):
        (app / file).write_text(LITERAL)
    valid = form(REFUND="refund")
    more = form(REFUND="refund", BONUS="bonus")
    broken = form(REFUND="refund", BONUS="CREDIT_ADD")
    for source, result in [
        (valid, "Success"),
        (more, "Success"),
        (broken, "[ledger-operation]"),
        (more, "Success"),
        (valid, "Success"),
    ]:
        (app / "operations.py").write_text(source)
        assert result in check()
    (app / "match.py").write_text(LITERAL + "# edited\n")
    assert "Success" in check()


def test_an_edit_can_break_and_repair_an_enum(app: Path, check: Run) -> None:
    (app / "operations.py").write_text(by_call(REFUND="refund"))
    assert "Success" in check()
    (app / "operations.py").write_text(by_call(REFUND="refund", CREDIT_ADD="x"))
    assert f"operations.py:3: error: {COLLIDES}" in check()
    (app / "operations.py").write_text("# moved by a line\n" + by_call(REFUND="refund"))
    assert "Success" in check()


def test_an_edit_of_an_importing_module_uses_the_cached_enum(app: Path, check: Run) -> None:
    (app / "operations.py").write_text(by_call(REFUND="refund"))
    assert "Success" in check()
    (app / "ledger.py").write_text(LEDGER + "Operation.BONUS\nOperation.REFUND\n")
    output = check()
    assert "ledger.py:5: error: " in output
    assert "ledger.py:6: error: " not in output
    (app / "ledger.py").write_text(LEDGER.replace("Operation.REFUND: 1", ""))
    assert "ledger.py:4: error: amounts: Operation.REFUND has no amount; add it" in check()
