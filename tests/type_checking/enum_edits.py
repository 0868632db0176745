"""Programs whose enum is edited, or the modules that use it."""

from type_checking.edits import FORMS, Program, Step, by_call

LEDGER = """\
from core.ledgers.ledger import Ledger
from .operations import Operation

LEDGER = Ledger(name="app", operations=Operation, amounts={Operation.REFUND: 1})
"""
MATCH = """\
from typing_extensions import assert_never

from .operations import Operation


def describe(operation: Operation) -> str:
    match operation:
        case Operation.DAILY_REWARD | Operation.SIGNUP_CREDIT:
            return "gift"
        case Operation.CREDIT_SPEND | Operation.CREDIT_ADD | Operation.REFUND:
            return "transfer"
        case _:
            assert_never(operation)
"""
USERS = {"ledger.py": LEDGER, "match.py": MATCH}
LITERAL = """\
from typing import Literal

from .operations import Operation

Refund = Literal[Operation.REFUND]


def refund(operation: Refund) -> Refund:
    other: Literal[Operation.REFUND] = operation
    return other


refund(Operation.REFUND)
"""
UNKNOWN = 'ledger.py:4: error: "type[Operation]" has no attribute "REFUND"  [attr-defined]'
MISSING = "ledger.py:4: error: amounts: Operation.BONUS has no amount; add it  [ledger-operation]"
COLLIDES = "operations.py:3: error: Operation: CREDIT_ADD = 'x' collides with a shared operation"
UNHANDLED = (
    "match.py:13: error: "
    'Argument 1 to "assert_never" has incompatible type "Literal[Operation.BONUS]"'
)

NOTICED_IN_THE_MODULES_THAT_IMPORT_IT = [
    Program(
        f"noticed_{form.__name__}",
        (
            Step({**USERS, "operations.py": form(REFUND="refund")}),
            Step({"operations.py": form(REFUND="refund", BONUS="bonus")}, (MISSING, UNHANDLED)),
            Step({"operations.py": form(BONUS="bonus")}, (UNKNOWN,)),
            Step({"operations.py": form(REFUND="refund")}),
        ),
    )
    for form in FORMS
]
LITERAL_TYPES_STAY_THE_SAME = [
    Program(
        f"literal_types_{form.__name__}",
        (
            Step(
                {
                    "ledger.py": LITERAL,
                    "match.py": LITERAL,
                    "operations.py": form(REFUND="refund"),
                }
            ),
            Step({"operations.py": form(REFUND="refund", BONUS="bonus")}),
            Step(
                {"operations.py": form(REFUND="refund", BONUS="CREDIT_ADD")},
                ("[ledger-operation]",),
            ),
            Step({"operations.py": form(REFUND="refund", BONUS="bonus")}),
            Step({"operations.py": form(REFUND="refund")}),
            Step({"match.py": LITERAL + "# edited\n"}),
        ),
    )
    for form in FORMS
]
BROKEN_AND_REPAIRED = Program(
    "broken_and_repaired",
    (
        Step({**USERS, "operations.py": by_call(REFUND="refund")}),
        Step({"operations.py": by_call(REFUND="refund", CREDIT_ADD="x")}, (COLLIDES,)),
        Step({"operations.py": "# moved by a line\n" + by_call(REFUND="refund")}),
    ),
)
ONLY_USERS_ARE_EDITED = Program(
    "only_users_are_edited",
    (
        Step({**USERS, "operations.py": by_call(REFUND="refund")}),
        Step(
            {"ledger.py": LEDGER + "Operation.BONUS\nOperation.REFUND\n"},
            ("ledger.py:5: error: ",),
            no_error_at="ledger.py:6: ",
        ),
        Step(
            {"ledger.py": LEDGER.replace("Operation.REFUND: 1", "")},
            ("ledger.py:4: error: amounts: Operation.REFUND has no amount; add it",),
        ),
    ),
)
PROGRAMS = [
    *NOTICED_IN_THE_MODULES_THAT_IMPORT_IT,
    *LITERAL_TYPES_STAY_THE_SAME,
    BROKEN_AND_REPAIRED,
    ONLY_USERS_ARE_EDITED,
]
