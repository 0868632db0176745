"""Ledgers of other releases of an app, which differ in what a release may change."""

from collections.abc import Mapping

from core.ledgers.amounts import MAX_AMOUNT, Amount, per_unit
from core.ledgers.ledger import Ledger
from core.ledgers.limits import Limit
from core.ledgers.operations import SHARED_OPERATIONS, OperationT


def release(
    ledger: Ledger[OperationT],
    *,
    amounts: Mapping[OperationT, Amount] | None = None,
    limits: Mapping[OperationT, Limit] | None = None,
) -> Ledger[OperationT]:
    """Returns `ledger` with these `amounts` instead of its own, and with `limits`, if given."""
    declared: dict[OperationT, Amount] = {**ledger.amounts, **ledger.per_unit, **(amounts or {})}
    shared = {op: amount for op, amount in declared.items() if op.name in SHARED_OPERATIONS}
    return Ledger(
        name=ledger.name,
        operations=ledger.operations,
        amounts={op: amount for op, amount in declared.items() if op not in shared},
        overrides=shared,
        limits=ledger.limits if limits is None else limits,
        version=ledger.version,
    )


def generous(ledger: Ledger[OperationT]) -> Ledger[OperationT]:
    """Returns a release in which CREDIT_ADD adds as many credits as its quantity, at any time.

    It gives owners the credits that a test needs, whatever the app's operations give.
    """
    credit_add = ledger.operations["CREDIT_ADD"]
    return release(ledger, amounts={credit_add: per_unit(1, at_most=MAX_AMOUNT)}, limits={})
