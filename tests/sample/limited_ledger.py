"""The sample's ledger with amounts per unit and limits, as another release might have it."""

from core.ledgers.ledger import Ledger, at_most, once, once_per, per_unit
from sample.operations import SampleOperation

LIMITED_LEDGER = Ledger(
    name="sample",
    operations=SampleOperation,
    amounts={SampleOperation.BOOKING_REWARD: 5},
    overrides={SampleOperation.CREDIT_SPEND: per_unit(-2, at_most=1000, formerly=(-1, -3))},
    limits={
        SampleOperation.DAILY_REWARD: once_per("day", timezone="Europe/Berlin"),
        SampleOperation.SIGNUP_CREDIT: once(),
        SampleOperation.BOOKING_REWARD: at_most(3, per="week", timezone="America/New_York"),
    },
)
