from apps.chat.ledger import LEDGER
from apps.chat.operations import ChatLedgerOperation
from core.testing.conformance import LedgerConformance


class TestChatLedger(LedgerConformance[ChatLedgerOperation]):
    ledger = LEDGER
