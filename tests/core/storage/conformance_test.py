"""The conformance tests, which apps inherit, hold for ledgers with rules that few apps have."""

from core.ledgers.ledger import at_most, per_unit
from core.testing.conformance import LedgerConformance
from core.testing.limit_conformance import LimitConformance
from core.testing.other_releases import release
from core.testing.per_unit_conformance import PerUnitConformance
from sample.limited_ledger import LIMITED_LEDGER
from sample.operations import SampleOperation as Operation


class TestLimitedSample(LedgerConformance[Operation]):
    # One limit is higher than any test can post.
    ledger = release(
        LIMITED_LEDGER,
        limits={**LIMITED_LEDGER.limits, Operation.DAILY_REWARD: at_most(2**31 - 1, per="day")},
    )


class TestEverythingLimited(LimitConformance[Operation], PerUnitConformance[Operation]):
    """Operations have both rules, and none that takes credits is without a limit."""

    ledger = release(
        LIMITED_LEDGER,
        amounts={
            Operation.CREDIT_ADD: per_unit(10, at_most=2),
            Operation.CREDIT_SPEND: per_unit(-(2**31) + 1, at_most=1),
            Operation.BOOKING_REWARD: per_unit(7, at_most=2, formerly=(-7, 14)),
        },
        limits={
            Operation.CREDIT_SPEND: at_most(2, per="hour", timezone="Asia/Kolkata"),
            Operation.CREDIT_ADD: at_most(2**31 - 1, per="month", timezone="Pacific/Kiritimati"),
            Operation.BOOKING_REWARD: at_most(1000),
        },
    )
