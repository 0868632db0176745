from apps.travel.ledger import LEDGER
from core.testing.documents_conformance import DocumentsConformance


class TestTravelDocuments(DocumentsConformance):
    ledger = LEDGER
