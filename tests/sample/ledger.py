"""The sample's ledger."""

from sample.operations import SampleOperation

from core.ledgers.ledger import Ledger

LEDGER = Ledger(
    name="sample",
    operations=SampleOperation,
    amounts={SampleOperation.BOOKING_REWARD: 5},
)
