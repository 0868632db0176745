"""The ledger of the chat app: what messages and tokens cost, and how often credits are given."""

from apps.chat.operations import ChatLedgerOperation
from core.ledgers.ledger import Ledger, at_most, once, once_per, per_unit

LEDGER = Ledger(
    name="chat",
    operations=ChatLedgerOperation,
    amounts={
        ChatLedgerOperation.TOKENS: per_unit(-1, at_most=100_000),
        ChatLedgerOperation.MESSAGE: -2,
        ChatLedgerOperation.COUPON: 20,
    },
    limits={
        ChatLedgerOperation.SIGNUP_CREDIT: once(),
        ChatLedgerOperation.DAILY_REWARD: once_per("day"),
        ChatLedgerOperation.COUPON: at_most(3, per="month", timezone="Europe/Berlin"),
    },
)
