"""Reads an owner's entries."""

from sqlalchemy import Engine, select

from core.ledgers.ledger import Ledger
from core.ledgers.models import models_of
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import Entry


def entries_of(
    ledger: Ledger[OperationT], engine: Engine, owner_id: str
) -> list[Entry[OperationT]]:
    """Returns the owner's entries, oldest first."""
    entry = models_of(ledger).entry
    query = select(
        entry.id,
        entry.operation,  # pyright: ignore[reportGeneralTypeIssues]  # one ledger, one type
        entry.amount,
        entry.nonce,
        entry.owner_id,
        entry.created_on,
    )
    with engine.connect() as connection:
        rows = connection.execute(query.where(entry.owner_id == owner_id).order_by(entry.id))
        return [Entry(*row) for row in rows]
