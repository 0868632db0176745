"""Reads an owner's entries."""

from sqlalchemy import Engine, String, cast, select

from core.ledgers.ledger import Ledger
from core.ledgers.models import models_of
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import StoredEntry
from core.storage.entries import stored_entry


def entries_of(
    ledger: Ledger[OperationT], engine: Engine, owner_id: str
) -> list[StoredEntry[OperationT]]:
    """Returns the owner's entries, oldest first."""
    entry = models_of(ledger).entry
    query = select(
        entry.id,
        cast(
            entry.operation,  # pyright: ignore[reportGeneralTypeIssues]  # one ledger, one type
            String,
        ),
        entry.amount,
        entry.nonce,
        entry.owner_id,
        entry.created_on,
    )
    with engine.connect() as connection:
        rows = connection.execute(query.where(entry.owner_id == owner_id).order_by(entry.id))
        return [stored_entry(ledger, *row) for row in rows]
