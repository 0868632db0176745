"""The two forms of an enum that tests edit, as source."""

BY_CALL = """\
from core.ledgers.operations import BaseLedgerOperation, extend_enum

Operation = extend_enum(BaseLedgerOperation, "Operation", MEMBERS)
"""
BY_CLASS = """\
from core.ledgers.operations import BaseLedgerOperation


class Operation(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"
"""


def by_call(**members: str) -> str:
    return BY_CALL.replace("MEMBERS", repr(members))


def by_class(**members: str) -> str:
    own = [f"    {name} = {value!r}\n" for name, value in members.items()]
    return BY_CLASS + "".join(own)
