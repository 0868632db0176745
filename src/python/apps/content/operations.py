"""The operations of the content app."""

from core.ledgers.operations import BaseLedgerOperation, extend_enum

ContentLedgerOperation = extend_enum(
    BaseLedgerOperation,
    "ContentLedgerOperation",
    {
        "CONTENT_CREATION": "CONTENT_CREATION",
        "CONTENT_ACCESS": "CONTENT_ACCESS",
    },
)
