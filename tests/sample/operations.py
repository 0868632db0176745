"""The operations of the sample app, which exists for tests only."""

from core.ledgers.operations import BaseLedgerOperation


class SampleOperation(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"
    BOOKING_REWARD = "BOOKING_REWARD"
