"""`Ledger`: the one object that an app declares. Everything else follows from it."""

import re
from collections.abc import Mapping
from typing import Generic

from core.ledgers.errors import DefinitionError, ForeignOperation
from core.ledgers.operations import SHARED_OPERATIONS, OperationT
from core.ledgers.requests import Post

# The name becomes a schema, and part of alembic_version_<name>: PostgreSQL keeps 63 bytes of that.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,46}")
_RESERVED_NAMES = ("public", "information_schema")
_MAX_AMOUNT = 2**31 - 1  # the column is an integer


class Ledger(Generic[OperationT]):
    """An app's name, its operations, and the credits that each of them adds or takes.

    `amounts` gives every operation of the app's own; the shared ones bring theirs. `overrides`
    changes the amount of a shared operation for this app alone. `version` is that of the app's
    API, which its OpenAPI document shows.

    Raises DefinitionError, at import, for whatever cannot work at run time.
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
        """The credits that `operation` adds (or takes, when negative).

        Raises ForeignOperation for an operation of another app.
        """
        try:
            return self.amounts[operation]
        except KeyError:
            raise ForeignOperation(
                f"{operation} is no operation of the ledger {self.name!r}; "
                f"use one of {self.operations.__name__}"
            ) from None

    def request(self, *, owner_id: str, operation: OperationT, nonce: str) -> Post[OperationT]:
        """A request to apply `operation` to an owner, for a store of this ledger to post.

        Another app's operation is a type error. Raises ForeignOperation for it where no type
        checker looked, and InvalidIdentifier for an owner_id or a nonce that cannot be stored.
        """
        self.amount_of(operation)
        return Post(owner_id, operation, nonce)

    def __repr__(self) -> str:
        return f"Ledger({self.name!r}, {self.operations.__name__})"


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name) or name.startswith("pg_") or name in _RESERVED_NAMES:
        raise DefinitionError(
            f"{name!r} cannot name a ledger: its name is a PostgreSQL schema, so use 1 to 47 of "
            "a-z, 0-9 and _, a letter first, and neither pg_… nor " + " nor ".join(_RESERVED_NAMES)
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
            f"{op} is shared and has its amount already; to change it for this app, "
            "move it to overrides"
            for op in shared
            if op in amounts
        ),
        *(
            f"{op} is no operation of {operations.__name__}; remove it"
            for op in amounts
            if not isinstance(op, operations)
        ),
        *(
            f"{op} is no shared operation; move it to amounts"
            for op in overrides
            if op not in shared
        ),
    ]
    for operation, amount in [*amounts.items(), *overrides.items()]:
        if type(amount) is not int or abs(amount) > _MAX_AMOUNT:
            problems.append(
                f"the amount of {operation} must be an integer of at most {_MAX_AMOUNT} credits, "
                f"not {amount!r}"
            )
    if problems:
        raise DefinitionError("amounts: " + "; ".join(problems))
    defaults = {operation: SHARED_OPERATIONS[operation.name] for operation in shared}
    complete = {**defaults, **amounts, **overrides}
    return {operation: complete[operation] for operation in operations}  # in the enum's order
