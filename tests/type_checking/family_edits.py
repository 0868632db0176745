"""Programs that edit the base of a family, or the family and its users.

The family extends an enum that it imports from a module that imports it in turn.
"""

from type_checking.edits import FORMS, Program, Step, by_call

UNHANDLED = (
    "match.py:21: error: "
    'Argument 1 to "assert_never" has incompatible type "Literal[Premium.BONUS]"'
)
PREMIUM = """\
from . import other
from core.ledgers.operations import extend_enum
from .reexport import Operation as Base

VALUE = other.VALUE
Premium = extend_enum(Base, "Premium", {"GIFT": "gift"})
"""
USER = """\
from typing import Literal

from typing_extensions import assert_never

from .premium import Premium

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
from .match import describe, refund
from .premium import Premium

describe(refund(Premium.REFUND))
value: Literal["refund"] = Premium.REFUND.value
LEDGER = Ledger(
    name="premium", operations=Premium, amounts={Premium.REFUND: 1, Premium.GIFT: 1}
)
"""
FAMILY = {
    "other.py": "VALUE = 1\n",
    "reexport.py": "from .operations import Operation as Operation\n",
    "premium.py": PREMIUM,
    "match.py": USER,
    "ledger.py": CALLER,
}

NOTICED_WHERE_THE_FAMILY_IS_USED = [
    Program(
        f"family_{form.__name__}",
        (
            Step({**FAMILY, "operations.py": form(REFUND="refund")}),
            Step(
                {"operations.py": form(REFUND="refund", BONUS="bonus")},
                (
                    "ledger.py:10: error: amounts: Premium.BONUS has no amount; add it",
                    UNHANDLED,
                ),
            ),
            Step(
                {"operations.py": form(REFUND="pay back")},
                ("expression has type \"Literal['pay back']\"",),
            ),
            Step(
                {"operations.py": form(REFUND="refund", BONUS="gift")},
                ("premium.py:6: error: Premium: GIFT = 'gift' collides with BONUS",),
            ),
            Step(
                {"operations.py": form(BONUS="bonus")},
                ('ledger.py:7: error: "type[Premium]" has no attribute "REFUND"',),
            ),
            Step({"operations.py": form(REFUND="refund")}),
        ),
    )
    for form in FORMS
]
THE_SAME_TYPE_AFTER_ITS_MODULE_WAS_CHECKED_AGAIN = Program(
    "family_checked_again",
    (
        Step({**FAMILY, "operations.py": by_call(REFUND="refund")}),
        Step({"other.py": "VALUE = ''\n"}),
        Step({"ledger.py": CALLER + "refund(Premium.REFUND)\n"}),
        Step({"premium.py": "# moved by a line\n" + PREMIUM}),
        Step({"match.py": USER + "refund(Premium.REFUND)\n"}),
    ),
)
PROGRAMS = [*NOTICED_WHERE_THE_FAMILY_IS_USED, THE_SAME_TYPE_AFTER_ITS_MODULE_WAS_CHECKED_AGAIN]
