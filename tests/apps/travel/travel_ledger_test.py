from apps.travel.ledger import LEDGER
from apps.travel.operations import TravelLedgerOperation
from core.testing.conformance import LedgerConformance


class TestTravelLedger(LedgerConformance[TravelLedgerOperation]):
    ledger = LEDGER
