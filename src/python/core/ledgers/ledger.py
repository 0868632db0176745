"""`Ledger`: the one object that an app declares, and from which everything else is derived."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from keyword import iskeyword
from types import MappingProxyType
from typing import Generic, Protocol

from core.ledgers.amounts import amount_problems
from core.ledgers.errors import DefinitionError, ForeignOperation
from core.ledgers.operations import SHARED_OPERATIONS, BaseLedgerOperation, OperationT
from core.ledgers.requests import Post
from core.ledgers.tables import message

# The name is that of a schema, and a part of other names, which may have 63 characters: the longest
# is that of the primary key of Alembic's table, alembic_version_<name>_pkc.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,42}")
_RESERVED_NAMES = ("public", "information_schema")


class AnyLedger(Protocol):
    """What can be read of any app's ledger, so that code can hold ledgers of several apps.

    A `Ledger` cannot be a `Ledger[BaseLedgerOperation]`: that would accept any app's operations.
    """

    @property
    def name(self) -> str: ...

    @property
    def operations(self) -> type[BaseLedgerOperation]: ...

    @property
    def amounts(self) -> "ReadableAmounts": ...

    @property
    def version(self) -> str: ...


class ReadableAmounts(Protocol):
    """The part of a mapping that does not depend on which operations the keys may be."""

    def items(self) -> AbstractSet[tuple[BaseLedgerOperation, int]]: ...


class Ledger(Generic[OperationT]):
    """An app's name, its operations, and the number of credits that each operation adds or takes.

    `amounts` has an amount for each of the app's own operations. The shared operations already
    have one; `overrides` changes it for this app only. A negative amount takes credits. `version`
    is the version of the app's API, which its OpenAPI document shows.

    Raises DefinitionError if the name, the operations or the amounts are invalid.
    """

    def __init__(
        self,
        *,
        name: str,
        operations: type[OperationT],
        amounts: Mapping[OperationT, int],
        overrides: Mapping[OperationT, int] | None = None,
        version: str = "1.0.0",
    ) -> None:
        self._name = checked_name(name)
        self._operations = operations
        self._amounts = _all_amounts(operations, amounts, overrides or {})
        self._version = version

    @property
    def name(self) -> str:
        return self._name

    @property
    def operations(self) -> type[OperationT]:
        return self._operations

    @property
    def amounts(self) -> Mapping[OperationT, int]:
        """The amount of every operation, in the order of the enum."""
        return MappingProxyType(self._amounts)

    @property
    def version(self) -> str:
        return self._version

    def amount_of(self, operation: OperationT) -> int:
        """Returns the credits that `operation` adds or, if negative, takes.

        Raises ForeignOperation for an operation of another app.
        """
        try:
            return self._amounts[operation]
        except KeyError:
            raise ForeignOperation(
                f"{operation} is not an operation of the ledger {self.name!r}; "
                f"use a member of {self.operations.__name__}"
            ) from None

    def request(self, *, owner_id: str, operation: OperationT, nonce: str) -> Post[OperationT]:
        """Returns a request to apply `operation` to an owner, for a LedgerStore to post.

        Type checkers reject an operation of another app; at run time it raises ForeignOperation.
        Raises InvalidIdentifier if `owner_id` or `nonce` is invalid.
        """
        self.amount_of(operation)
        return Post(owner_id, operation, nonce)

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


def _all_amounts(
    operations: type[OperationT],
    amounts: Mapping[OperationT, int],
    overrides: Mapping[OperationT, int],
) -> dict[OperationT, int]:
    if not operations.__members__:
        raise DefinitionError(
            f"operations: {operations.__name__} has no operations; use the app's own enum"
        )
    if problems := [*amount_problems(operations, amounts, overrides)]:
        raise DefinitionError(message(problems))
    given = {**amounts, **overrides}
    return {
        operation: given[operation] if operation in given else SHARED_OPERATIONS[operation.name]
        for operation in operations
    }
