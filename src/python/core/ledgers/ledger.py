"""`Ledger`: the one object that an app declares, and from which everything else is derived."""

import re
from collections.abc import Mapping
from keyword import iskeyword
from typing import Generic

from core.ledgers.errors import DefinitionError, ForeignOperation
from core.ledgers.operations import SHARED_OPERATIONS, OperationT
from core.ledgers.requests import Post

# The name is that of a schema, and a part of other names, which may have 63 characters: the longest
# is that of the primary key of Alembic's table, alembic_version_<name>_pkc.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,42}")
_RESERVED_NAMES = ("public", "information_schema")
_MAX_AMOUNT = 2**31 - 1  # the column has PostgreSQL's type integer


class Ledger(Generic[OperationT]):
    """An app's name, its operations, and the number of credits that each operation adds or takes.

    `amounts` has an amount for each of the app's own operations. The shared operations already
    have one; `overrides` changes it for this app only. A negative amount takes credits. `version`
    is the version of the app's API, which its OpenAPI document shows.

    Raises DefinitionError if the name, the operations or the amounts are invalid.
    """

    name: str
    operations: type[OperationT]
    amounts: Mapping[OperationT, int]
    version: str

    def __init__(
        self,
        *,
        name: str,
        operations: type[OperationT],
        amounts: Mapping[OperationT, int],
        overrides: Mapping[OperationT, int] | None = None,
        version: str = "1.0.0",
    ) -> None:
        self.name = _checked_name(name)
        self.operations = operations
        self.amounts = _all_amounts(operations, amounts, overrides or {})
        self.version = version

    def amount_of(self, operation: OperationT) -> int:
        """Returns the credits that `operation` adds or, if negative, takes.

        Raises ForeignOperation for an operation of another app.
        """
        try:
            return self.amounts[operation]
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


def _checked_name(name: str) -> str:
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
) -> Mapping[OperationT, int]:
    shared = [operation for operation in operations if operation.name in SHARED_OPERATIONS]
    own = [operation for operation in operations if operation not in shared]
    problems = [
        *(f"{op} has no amount; add it" for op in own if op not in amounts),
        *(
            f"{op} is a shared operation and already has an amount; to change it for this app, "
            "move it to overrides"
            for op in shared
            if op in amounts
        ),
        *(
            f"{op} is not an operation of {operations.__name__}; remove it"
            for op in amounts
            if not isinstance(op, operations)
        ),
        *(
            f"{op} is not a shared operation; move it to amounts"
            for op in overrides
            if op not in shared
        ),
    ]
    for operation, amount in [*amounts.items(), *overrides.items()]:
        if type(amount) is not int or abs(amount) > _MAX_AMOUNT:
            problems.append(
                f"the amount of {operation} must be an integer from {-_MAX_AMOUNT} to "
                f"{_MAX_AMOUNT} credits, not {amount!r}"
            )
    if problems:
        raise DefinitionError("amounts: " + "; ".join(problems))
    defaults = {operation: SHARED_OPERATIONS[operation.name] for operation in shared}
    complete = {**defaults, **amounts, **overrides}
    return {operation: complete[operation] for operation in operations}  # in the enum's order
