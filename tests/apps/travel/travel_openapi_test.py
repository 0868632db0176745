from apps.travel.ledger import LEDGER
from core.testing.openapi_conformance import OpenApiConformance


class TestTravelOpenApi(OpenApiConformance):
    ledger = LEDGER
