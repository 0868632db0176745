"""The operations of the travel app."""

from core.ledgers.operations import BaseLedgerOperation


# Every type checker knows the members of a class. `extend_enum` is shorter: see docs/typing.md.
class TravelLedgerOperation(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"
    BOOKING_REWARD = "BOOKING_REWARD"
    LOYALTY_BONUS = "LOYALTY_BONUS"
