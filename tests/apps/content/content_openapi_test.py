from apps.content.ledger import LEDGER
from core.testing.openapi_conformance import OpenApiConformance


class TestContentOpenApi(OpenApiConformance):
    ledger = LEDGER
