"""The operations of the chat app."""

from core.ledgers.operations import BaseLedgerOperation


# Every type checker knows the members of a class. `extend_enum` is shorter: see docs/typing.md.
class ChatLedgerOperation(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"
    TOKENS = "TOKENS"
    MESSAGE = "MESSAGE"
    COUPON = "COUPON"
