"""The description of a ledger: its operations, with their amounts and limits, as plain data."""

# That of `typing` does not work as a type of Pydantic's before Python 3.12.
from typing_extensions import TypedDict

from core.ledgers.amounts import PerUnit
from core.ledgers.ledger import Ledger
from core.ledgers.limits import Limit
from core.ledgers.operations import OperationT


class PerUnitDescription(TypedDict):
    """How many units a post may have, and the amounts that a unit had in former releases."""

    at_most: int
    formerly: list[int]


class LimitDescription(TypedDict):
    """How often an operation may be posted in a period; `per` is None if there is only one."""

    count: int
    per: str | None
    timezone: str


class OperationDescription(TypedDict):
    """What an operation is worth, in credits (for each unit, if `per_unit` is given)."""

    operation: str
    amount: int
    per_unit: PerUnitDescription | None
    limit: LimitDescription | None


class LedgerDescription(TypedDict):
    """A ledger, without its version: the same operations have the same description."""

    ledger: str
    operations: list[OperationDescription]


def described_ledger(ledger: Ledger[OperationT]) -> LedgerDescription:
    """Returns what docs/operations/<app>.json has, which reviews and reports compare."""
    return {"ledger": ledger.name, "operations": described_operations(ledger)}


def described_operations(ledger: Ledger[OperationT]) -> list[OperationDescription]:
    """Returns the operations in the order of their enum."""
    return [
        {
            "operation": operation.value,
            "amount": amount,
            "per_unit": _per_unit(ledger.per_unit.get(operation)),
            "limit": _limit(ledger.limits.get(operation)),
        }
        for operation, amount in ledger.amounts.items()
    ]


def _per_unit(per_unit: PerUnit | None) -> PerUnitDescription | None:
    if per_unit is None:
        return None
    return {"at_most": per_unit.at_most, "formerly": list(per_unit.formerly)}


def _limit(limit: Limit | None) -> LimitDescription | None:
    if limit is None:
        return None
    return {"count": limit.count, "per": limit.per, "timezone": limit.timezone}
