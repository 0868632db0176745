"""The test that the documents committed for an app describe its ledger and service as they are.

An app's test file is a subclass:

    class TestContentDocuments(DocumentsConformance):
        ledger = LEDGER
"""

import json
from pathlib import Path
from typing import Any, ClassVar

from core.ledgers.ledger import Ledger
from core.service.documents import documents_of


class DocumentsConformance:
    """Subclass it, with the app's ledger."""

    ledger: ClassVar[Ledger[Any]]

    def test_the_committed_documents_are_current(self) -> None:
        for name, text in documents_of(self.ledger).items():
            path = Path(name)
            committed = json.loads(path.read_text()) if path.exists() else None
            assert committed == json.loads(text), (
                f"{name} is not current. If the change is meant, commit what this writes: "
                f"./pants run src/python/apps/{self.ledger.name}:service -- documents"
            )
