"""The ledger of the content app."""

from apps.content.operations import ContentLedgerOperation
from core.ledgers.ledger import Ledger

LEDGER = Ledger(
    name="content",
    operations=ContentLedgerOperation,
    amounts={
        ContentLedgerOperation.CONTENT_CREATION: -5,
        ContentLedgerOperation.CONTENT_ACCESS: 0,
    },
)
