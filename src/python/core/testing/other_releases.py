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


def generous(ledger: Ledger[OperationT]) -> tuple[Ledger[OperationT], OperationT]:
    """Returns a release, and an operation that adds as many credits in it as its quantity.

    It gives owners the credits that a test needs, whatever the app's operations give. In the app
    itself, the operation has a fixed amount, which a release may change, and no limit; or, if there
    is none like that, one of them or neither.
    """
    giving = min(
        (op for op in ledger.operations if SHARED_OPERATIONS.get(op.name, 0) > 0),
        key=lambda op: (op in ledger.per_unit, op in ledger.limits),
    )
    amounts = {giving: per_unit(1, at_most=MAX_AMOUNT)}
    return release(ledger, amounts=amounts, limits={}), giving
