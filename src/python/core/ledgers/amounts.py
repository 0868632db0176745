"""Amounts, fixed or per unit, and their rules: which operations have one, and which are valid."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from core.ledgers.errors import DefinitionError, InvalidQuantity, QuantityNotAllowed
from core.ledgers.operations import SHARED_OPERATIONS, BaseLedgerOperation, OperationT
from core.ledgers.tables import Problem, foreign

MAX_AMOUNT = 2**31 - 1  # the column has PostgreSQL's type integer


@dataclass(frozen=True)
class PerUnit:
    """An amount in credits for each unit; a request says how many units: see `per_unit`."""

    amount: int
    at_most: int
    formerly: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if problem := per_unit_problem(self.amount, self.at_most, self.formerly):
            raise DefinitionError(problem)

    @property
    def units(self) -> tuple[int, ...]:
        """The credits for one unit: today's, followed by the former ones."""
        return self.amount, *self.formerly

    def amount_for(self, quantity: int) -> int:
        """Returns the credits for this many units. Raises InvalidQuantity if it is not valid."""
        if problem := quantity_problem(quantity, self.at_most):
            raise InvalidQuantity(problem)
        return self.amount * quantity

    def possible_amounts(self, quantity: int) -> tuple[int, ...]:
        """Returns the credits for this many units, today and with the former amounts."""
        return tuple(unit * quantity for unit in self.units)


def per_unit(amount: int, *, at_most: int, formerly: tuple[int, ...] = ()) -> PerUnit:
    """Returns the amount of an operation that is posted with a quantity, such as tokens or minutes.

    The entry has `amount` times the quantity, which is 1 to `at_most`. When you change `amount`,
    add the one that it replaces to `formerly`. It distinguishes a retry of an earlier request from
    a different request that reuses its nonce.

    Raises DefinitionError if an entry of `at_most` units could not be stored.
    """
    return PerUnit(amount, at_most, formerly)


Amount = int | PerUnit


def per_unit_problem(amount: object, at_most: object, formerly: object) -> str | None:
    """Returns the problem of these arguments of `per_unit`."""
    if type(at_most) is not int or at_most < 1:
        return f"per_unit: at_most must be an integer of at least 1, not {at_most!r}"
    if not isinstance(formerly, tuple):
        return f"per_unit: formerly must be a tuple, such as (-1,), not {formerly!r}"
    units = (amount, *cast("tuple[object, ...]", formerly))
    for number, unit in enumerate(units):
        if type(unit) is not int or unit == 0:
            return (
                f"per_unit: an amount for each unit must be an integer other than 0, not {unit!r}"
            )
        if abs(unit) * at_most > MAX_AMOUNT:
            limit = MAX_AMOUNT // abs(unit)
            advice = f"lower at_most to {limit}" if limit else "use a smaller amount"
            return (
                f"per_unit: {at_most} units of {unit} are {unit * at_most} credits, but an entry "
                f"has at most {MAX_AMOUNT}: {advice}"
            )
        if unit in units[:number]:
            what = "the amount of today" if unit == amount else "repeated"
            return f"per_unit: {unit} is {what}; remove it from formerly"
    return None


def quantity_problem(quantity: object, at_most: int = MAX_AMOUNT) -> str | None:
    """Returns the problem of a quantity of an operation that has at most so many units."""
    if type(quantity) is int and 1 <= quantity <= at_most:
        return None
    return f"the quantity must be an integer from 1 to {at_most}"


def amount_of(amount: Amount, operation: BaseLedgerOperation, quantity: int) -> int:
    """Returns the credits of `operation` with this quantity.

    Raises QuantityNotAllowed if the amount is fixed, and InvalidQuantity if there are too many.
    """
    if isinstance(amount, PerUnit):
        return amount.amount_for(quantity)
    if type(quantity) is not int or quantity != 1:
        raise QuantityNotAllowed(
            f"{operation.value} has a fixed amount, so it takes no quantity: leave the quantity out"
        )
    return amount


def amount_problems(
    operations: type[OperationT],
    amounts: Mapping[OperationT, object],
    overrides: Mapping[OperationT, object],
    inherited: Container[str] = SHARED_OPERATIONS,
) -> Iterator[Problem]:
    """Yields each problem of a ledger's amounts: first those that are missing.

    `inherited` has the names of the operations that have an amount already: the shared ones, and
    those of the base.
    """
    for operation in operations:
        if operation.name not in inherited and operation not in amounts:
            yield Problem("amounts", operation, True, f"{operation} has no amount; add it")
    for operation, amount in amounts.items():
        if text := _amount_problem(operations, operation, amount, inherited):
            yield Problem("amounts", operation, False, text)
    for operation, amount in overrides.items():
        if text := _override_problem(operations, operation, amount, inherited):
            yield Problem("overrides", operation, False, text)


def _amount_problem(
    operations: type[BaseLedgerOperation],
    operation: object,
    amount: object,
    inherited: Container[str],
) -> str | None:
    if isinstance(operation, operations) and operation.name in inherited:
        where = "is a shared operation" if operation.name in SHARED_OPERATIONS else "is in the base"
        return (
            f"{operation} {where} and already has an amount; to change it for this "
            "app, move it to overrides"
        )
    return foreign(operations, operation) or _unstorable(operation, amount)


def _override_problem(
    operations: type[BaseLedgerOperation],
    operation: object,
    amount: object,
    inherited: Container[str],
) -> str | None:
    if not isinstance(operation, operations):
        return foreign(operations, operation)
    if operation.name not in inherited:
        return f"{operation} is not a shared operation; move it to amounts"
    default = SHARED_OPERATIONS.get(operation.name, 0)
    for unit in amount.units if isinstance(amount, PerUnit) else (amount,):
        if isinstance(unit, int) and unit * default < 0:
            verb = "adds" if default > 0 else "takes"
            return (
                f"{operation} {verb} credits in every app, so its amount cannot be {unit}; keep "
                f"the sign of {default}"
            )
    return _unstorable(operation, amount)


def _unstorable(operation: object, amount: object) -> str | None:
    if isinstance(amount, PerUnit) or type(amount) is int and abs(amount) <= MAX_AMOUNT:
        return None
    return (
        f"the amount of {operation} must be an integer from {-MAX_AMOUNT} to {MAX_AMOUNT} "
        f"credits, not {amount!r}"
    )
