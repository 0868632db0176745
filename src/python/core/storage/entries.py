"""Converts rows of the entry table to entries."""

from datetime import datetime

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import Entry, NewerEntry, StoredEntry


def stored_entry(
    ledger: Ledger[OperationT],
    id_: int,
    operation: str,
    amount: int,
    nonce: str,
    owner_id: str,
    created_on: datetime,
) -> StoredEntry[OperationT]:
    """Returns the entry of a row with these columns."""
    try:
        known = ledger.operations(operation)
    except ValueError:
        return NewerEntry(id_, operation, amount, nonce, owner_id, created_on)
    return Entry(id_, known, amount, nonce, owner_id, created_on)
