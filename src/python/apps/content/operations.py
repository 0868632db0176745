"""The operations of the content app."""

from core.ledgers.operations import BaseLedgerOperation, extend_enum

# For mypy. Pylance and pyright cannot see what extend_enum returns: see docs/typing.md.
ContentLedgerOperation = extend_enum(
    BaseLedgerOperation,
    "ContentLedgerOperation",
    {
        "CONTENT_CREATION": "CONTENT_CREATION",
        "CONTENT_ACCESS": "CONTENT_ACCESS",
    },
)
