"""The documents of an app that are committed, so that a review shows what changes for its users."""

import json

from core.ledgers.description import described_ledger
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.service.app import openapi_document


def documents_of(ledger: Ledger[OperationT]) -> dict[str, str]:
    """Returns the text of each document, by its path in the workspace.

    They are the OpenAPI document of the service, and the operations with their amounts and limits.
    """
    return {
        f"docs/{kind}/{ledger.name}.json": f"{json.dumps(document, indent=2, ensure_ascii=False)}\n"
        for kind, document in (
            ("openapi", openapi_document(ledger)),
            ("operations", described_ledger(ledger)),
        )
    }
