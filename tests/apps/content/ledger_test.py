from apps.content.ledger import LEDGER
from core.ledgers.operations import BaseLedgerOperation
from core.testing.conformance import LedgerConformance


class TestContentLedger(LedgerConformance[BaseLedgerOperation]):
    ledger = LEDGER
