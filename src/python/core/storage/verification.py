"""Verifies that every balance is the sum of its owner's entries."""

from sqlalchemy import Engine, func, select

from core.ledgers.ledger import Ledger
from core.ledgers.models import models_of
from core.ledgers.operations import OperationT


def discrepancies(ledger: Ledger[OperationT], engine: Engine) -> list[str]:
    """Returns the owners whose balance differs from the sum of their entries.

    The result is empty unless the ledger is corrupt. Reads the whole ledger.
    """
    models = models_of(ledger)
    entry, balance = models.entry, models.balance
    summed = (
        select(entry.owner_id, func.sum(entry.amount).label("balance"))
        .group_by(entry.owner_id)
        .subquery()
    )
    query = (
        select(func.coalesce(balance.owner_id, summed.c.owner_id))
        .select_from(balance)
        .join(summed, summed.c.owner_id == balance.owner_id, full=True)
        .where(func.coalesce(balance.balance, 0) != func.coalesce(summed.c.balance, 0))
    )
    with engine.connect() as connection:
        return list(connection.scalars(query))
