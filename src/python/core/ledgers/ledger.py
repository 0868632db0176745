"""`Ledger`: the one object that an app declares, and from which everything else is derived."""

import re
from collections.abc import Mapping
from keyword import iskeyword
from types import MappingProxyType
from typing import Generic

from core.ledgers.amounts import Amount, PerUnit, amount_of, amount_problems, per_unit
from core.ledgers.errors import DefinitionError, ForeignOperation
from core.ledgers.families import AnyLedger, Inherited, base_problems, inherited_from
from core.ledgers.limits import Limit, at_most, limit_problems, once, once_per
from core.ledgers.operations import OperationT, advice_for_string
from core.ledgers.requests import Post
from core.ledgers.tables import message

# With these and the enum, an app declares its ledger.
__all__ = ["AnyLedger", "Ledger", "at_most", "checked_name", "once", "once_per", "per_unit"]

# The name is that of a schema, and a part of other names, which may have 63 characters: the longest
# is that of the primary key of Alembic's table, alembic_version_<name>_pkc.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,42}")
_RESERVED_NAMES = ("public", "information_schema")


class Ledger(Generic[OperationT]):
    """An app's name, its operations, and the number of credits that each operation adds or takes.

    `amounts` has an amount for each of the app's own operations. The shared operations already
    have one; `overrides` changes it for this app only. A negative amount takes credits, and one
    `per_unit` is multiplied by the quantity of a request. `limits` says how often an owner may
    have an operation posted; the others are not limited. `version` is the version of the app's
    API, which its OpenAPI document shows.

    With a `base`, whose operations this ledger must have too, the amounts and limits of the base
    apply here as well. `overrides` changes any of these amounts. `limits` replaces any of these
    limits, or removes it with None.

    Raises DefinitionError if the name, the operations, the base, the amounts or the limits are
    invalid.
    """

    def __init__(
        self,
        *,
        name: str,
        operations: type[OperationT],
        amounts: Mapping[OperationT, Amount],
        overrides: Mapping[OperationT, Amount] | None = None,
        limits: Mapping[OperationT, Limit | None] | None = None,
        base: AnyLedger | None = None,
        version: str = "1.0.0",
    ) -> None:
        self._name = checked_name(name)
        self._operations = operations
        inherited = _inherited(operations, base)
        declared = _all_amounts(operations, amounts, overrides or {}, inherited)
        # Not proxies, which cannot be pickled.
        self._amounts = {op: amount_of(amount, op, 1) for op, amount in declared.items()}
        self._per_unit = {
            op: amount for op, amount in declared.items() if isinstance(amount, PerUnit)
        }
        self._limits = _all_limits(operations, limits or {}, inherited)
        self._version = version

    @property
    def name(self) -> str:
        return self._name

    @property
    def operations(self) -> type[OperationT]:
        return self._operations

    @property
    def amounts(self) -> Mapping[OperationT, int]:
        """The amount of every operation, for one unit, in the order of the enum."""
        return MappingProxyType(self._amounts)

    @property
    def per_unit(self) -> Mapping[OperationT, PerUnit]:
        """The operations that are posted with a quantity."""
        return MappingProxyType(self._per_unit)

    @property
    def limits(self) -> Mapping[OperationT, Limit]:
        """The limit of each operation that has one."""
        return MappingProxyType(self._limits)

    @property
    def version(self) -> str:
        return self._version

    def amount_of(self, operation: OperationT, quantity: int = 1) -> int:
        """Returns the credits that `operation` adds or, if negative, takes.

        Raises ForeignOperation for an operation of another app, QuantityNotAllowed for a quantity
        of an operation with a fixed amount, and InvalidQuantity for more units than are allowed.
        """
        try:
            amount = self._amounts[operation]
            if quantity == 1 and type(quantity) is int:
                return amount
            return amount_of(self._per_unit.get(operation, amount), operation, quantity)
        except KeyError:
            advice = advice_for_string(self.operations, operation)
            raise ForeignOperation(
                f"{operation} is not an operation of the ledger {self.name!r}"
                f"{advice or f'; use a member of {self.operations.__name__}'}"
            ) from None

    def request(
        self, *, owner_id: str, operation: OperationT, nonce: str, quantity: int = 1
    ) -> Post[OperationT]:
        """Returns a request to apply `operation` to an owner, for a LedgerStore to post.

        Type checkers reject an operation of another app; at run time it raises ForeignOperation.
        Raises InvalidIdentifier if `owner_id` or `nonce` is invalid, QuantityNotAllowed for a
        quantity of an operation with a fixed amount, and InvalidQuantity for an invalid one.
        """
        self.amount_of(operation, quantity)
        return Post(owner_id, operation, nonce, quantity)

    def __repr__(self) -> str:
        return f"Ledger({self.name!r}, {self.operations.__name__})"


def checked_name(name: str) -> str:
    """Returns the name of a ledger. Raises DefinitionError if it is invalid."""
    if not _NAME.fullmatch(name) or name.startswith("pg_") or name in _RESERVED_NAMES:
        raise DefinitionError(
            f"{name!r} is not a valid ledger name, because it becomes the name of a PostgreSQL "
            "schema: use 1 to 43 characters of a-z, 0-9 and _, start with a letter but not with "
            f"pg_, and avoid the reserved names {' and '.join(_RESERVED_NAMES)}"
        )
    if iskeyword(name):
        raise DefinitionError(
            f"{name!r} is not a valid ledger name, because it is a keyword of Python, so the "
            f"package apps.{name} could not be imported: choose another name, such as {name}_app"
        )
    return name


def _inherited(operations: type[OperationT], base: AnyLedger | None) -> Inherited:
    if not operations.__members__:
        raise DefinitionError(
            f"operations: {operations.__name__} has no operations; use the app's own enum"
        )
    if base is None:
        return Inherited()
    given: object = base
    if not isinstance(given, Ledger):
        raise DefinitionError(f"base: {base!r} is not a ledger; use the Ledger to extend")
    if problems := [*base_problems(operations, base.operations)]:
        raise DefinitionError(message(problems))
    return inherited_from(base)


def _all_amounts(
    operations: type[OperationT],
    amounts: Mapping[OperationT, Amount],
    overrides: Mapping[OperationT, Amount],
    inherited: Inherited,
) -> dict[OperationT, Amount]:
    if problems := [*amount_problems(operations, amounts, overrides, inherited.amounts)]:
        raise DefinitionError(message(problems))
    given = {**amounts, **overrides}
    return {
        operation: given[operation] if operation in given else inherited.amounts[operation.name]
        for operation in operations
    }


def _all_limits(
    operations: type[OperationT],
    limits: Mapping[OperationT, Limit | None],
    inherited: Inherited,
) -> dict[OperationT, Limit]:
    if problems := [*limit_problems(operations, limits, inherited.limits)]:
        raise DefinitionError(message(problems))
    by_operation = {op: limits.get(op, inherited.limits.get(op.name)) for op in operations}
    return {operation: limit for operation, limit in by_operation.items() if limit is not None}
