"""The ledger of the travel app."""

from apps.travel.operations import TravelLedgerOperation
from core.ledgers.ledger import Ledger

LEDGER = Ledger(
    name="travel",
    operations=TravelLedgerOperation,
    amounts={
        TravelLedgerOperation.BOOKING_REWARD: 5,
        TravelLedgerOperation.LOYALTY_BONUS: 2,
    },
)
