"""The sample's ledger."""

from core.ledgers.ledger import Ledger
from sample.operations import SampleOperation

LEDGER = Ledger(
    name="sample",
    operations=SampleOperation,
    amounts={SampleOperation.BOOKING_REWARD: 5},
)
