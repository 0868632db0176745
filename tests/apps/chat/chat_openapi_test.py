from apps.chat.ledger import LEDGER
from core.testing.openapi_conformance import OpenApiConformance


class TestChatOpenApi(OpenApiConformance):
    ledger = LEDGER
