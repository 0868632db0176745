from apps.content.ledger import LEDGER
from core.testing.documents_conformance import DocumentsConformance


class TestContentDocuments(DocumentsConformance):
    ledger = LEDGER
