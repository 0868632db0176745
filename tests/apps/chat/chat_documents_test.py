from apps.chat.ledger import LEDGER
from core.testing.documents_conformance import DocumentsConformance


class TestChatDocuments(DocumentsConformance):
    ledger = LEDGER
