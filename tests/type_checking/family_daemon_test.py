"""When the base of a family is edited, mypy checks the family and its users again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from type_checking.edits import by_call, by_class

Run = Callable[[], str]

UNHANDLED = 'Argument 1 to "assert_never" has incompatible type "Literal[Premium.BONUS]"'
PREMIUM = """\
import other
from core.ledgers.operations import extend_enum
from reexport import Operation as Base

VALUE = other.VALUE
Premium = extend_enum(Base, "Premium", {"GIFT": "gift"})
"""
USER = """\
from typing import Literal

from typing_extensions import assert_never

from premium import Premium

Refund = Literal[Premium.REFUND]


def refund(operation: Refund) -> Refund:
    return operation


def describe(operation: Premium) -> str:
    match operation:
        case Premium.DAILY_REWARD | Premium.SIGNUP_CREDIT:
            return "gift"
        case Premium.CREDIT_SPEND | Premium.CREDIT_ADD | Premium.REFUND | Premium.GIFT:
            return "transfer"
        case _:
            assert_never(operation)
"""
CALLER = """\
from typing import Literal

from core.ledgers.ledger import Ledger
from match import describe, refund
from premium import Premium

describe(refund(Premium.REFUND))
value: Literal["refund"] = Premium.REFUND.value
LEDGER = Ledger(
    name="premium", operations=Premium, amounts={Premium.REFUND: 1, Premium.GIFT: 1}
)
"""


@pytest.fixture
def family(app: Path) -> Path:
    """An app whose enum extends one that it imports from a module that imports it in turn."""
    (app / "other.py").write_text("VALUE = 1\n")
    (app / "reexport.py").write_text("from operations import Operation as Operation\n")
    (app / "premium.py").write_text(PREMIUM)
    (app / "match.py").write_text(USER)
    (app / "ledger.py").write_text(CALLER)
    return app


@pytest.mark.parametrize("form", [by_call, by_class])
def test_an_edit_of_the_base_is_noticed_where_its_family_is_used(
    family: Path, check: Run, form: Callable[..., str]
) -> None:
    def edit(**members: str) -> None:
        (family / "operations.py").write_text(form(**members))

    edit(REFUND="refund")
    assert "Success" in check()
    edit(REFUND="refund", BONUS="bonus")
    output = check()
    assert "ledger.py:10: error: amounts: Premium.BONUS has no amount; add it" in output
    assert "match.py:21: error: " + UNHANDLED in output
    edit(REFUND="pay back")
    assert "expression has type \"Literal['pay back']\"" in check()
    edit(REFUND="refund", BONUS="gift")
    assert "premium.py:6: error: Premium: GIFT = 'gift' collides with BONUS" in check()
    edit(BONUS="bonus")
    assert 'ledger.py:7: error: "type[Premium]" has no attribute "REFUND"' in check()
    edit(REFUND="refund")
    assert "Success" in check()


def test_a_family_is_the_same_type_after_its_module_was_checked_again(
    family: Path, check: Run
) -> None:
    (family / "operations.py").write_text(by_call(REFUND="refund"))
    assert "Success" in check()
    (family / "other.py").write_text("VALUE = ''\n")
    assert "Success" in check()
    (family / "ledger.py").write_text(CALLER + "refund(Premium.REFUND)\n")
    assert "Success" in check()
    (family / "premium.py").write_text("# moved by a line\n" + PREMIUM)
    assert "Success" in check()
    (family / "match.py").write_text(USER + "refund(Premium.REFUND)\n")
    assert "Success" in check()
