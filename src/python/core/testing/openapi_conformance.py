"""The test that an app's committed OpenAPI document is the one of its service.

An app's test file is a subclass:

    class TestContentOpenApi(OpenApiConformance):
        ledger = LEDGER
"""

import json
from pathlib import Path
from typing import Any, ClassVar

from core.ledgers.ledger import Ledger
from core.service.app import openapi_document


class OpenApiConformance:
    """Subclass it, with the app's ledger."""

    ledger: ClassVar[Ledger[Any]]

    def test_the_committed_document_is_current(self) -> None:
        app = self.ledger.name
        committed = json.loads(Path(f"docs/openapi/{app}.json").read_text())
        assert committed == openapi_document(self.ledger), (
            "The API has changed. If that is meant, commit the new document: "
            f"./pants run src/python/apps/{app}:service -- openapi > docs/openapi/{app}.json"
        )
