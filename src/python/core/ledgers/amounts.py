"""The rules of a ledger's amounts: which operations have one, and which amounts are valid."""

from collections.abc import Iterator, Mapping

from core.ledgers.operations import SHARED_OPERATIONS, BaseLedgerOperation, OperationT
from core.ledgers.tables import Problem, foreign

_MAX_AMOUNT = 2**31 - 1  # the column has PostgreSQL's type integer


def amount_problems(
    operations: type[OperationT],
    amounts: Mapping[OperationT, object],
    overrides: Mapping[OperationT, object],
) -> Iterator[Problem]:
    """Yields each problem of a ledger's amounts: first those that are missing."""
    for operation in operations:
        if operation.name not in SHARED_OPERATIONS and operation not in amounts:
            yield Problem("amounts", operation, True, f"{operation} has no amount; add it")
    for operation, amount in amounts.items():
        if text := _amount_problem(operations, operation, amount):
            yield Problem("amounts", operation, False, text)
    for operation, amount in overrides.items():
        if text := _override_problem(operations, operation, amount):
            yield Problem("overrides", operation, False, text)


def _amount_problem(
    operations: type[BaseLedgerOperation], operation: object, amount: object
) -> str | None:
    if isinstance(operation, operations) and operation.name in SHARED_OPERATIONS:
        return (
            f"{operation} is a shared operation and already has an amount; to change it for this "
            "app, move it to overrides"
        )
    return foreign(operations, operation) or _unstorable(operation, amount)


def _override_problem(
    operations: type[BaseLedgerOperation], operation: object, amount: object
) -> str | None:
    if not isinstance(operation, operations):
        return foreign(operations, operation)
    if operation.name not in SHARED_OPERATIONS:
        return f"{operation} is not a shared operation; move it to amounts"
    default = SHARED_OPERATIONS[operation.name]
    if isinstance(amount, int) and amount * default < 0:
        verb = "adds" if default > 0 else "takes"
        return (
            f"{operation} {verb} credits in every app, so its amount cannot be {amount}; keep the "
            f"sign of {default}"
        )
    return _unstorable(operation, amount)


def _unstorable(operation: object, amount: object) -> str | None:
    if type(amount) is int and abs(amount) <= _MAX_AMOUNT:
        return None
    return (
        f"the amount of {operation} must be an integer from {-_MAX_AMOUNT} to {_MAX_AMOUNT} "
        f"credits, not {amount!r}"
    )
