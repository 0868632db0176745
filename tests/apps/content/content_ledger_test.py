from apps.content.ledger import LEDGER
from apps.content.operations import ContentLedgerOperation
from core.testing.conformance import LedgerConformance


class TestContentLedger(LedgerConformance[ContentLedgerOperation]):
    ledger = LEDGER
