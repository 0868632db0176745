"""`per_operation`: a table that has a value for each operation, or is refused."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import TypeVar

from core.ledgers.errors import DefinitionError
from core.ledgers.operations import BaseLedgerOperation, OperationT

ValueT = TypeVar("ValueT")


@dataclass(frozen=True)
class Problem:
    """A problem of the argument `argument`: an entry that is missing, or the one of `operation`."""

    argument: str
    operation: object
    is_missing: bool
    text: str


def per_operation(
    operations: type[OperationT], table: Mapping[OperationT, ValueT]
) -> Mapping[OperationT, ValueT]:
    """Returns a read-only copy of `table`, which must have every operation of the enum.

    The mypy plugin checks a literal table, so an operation that the enum gains is an error at each
    table that lacks it.

    Raises DefinitionError if an operation is missing, or is not one of `operations`.
    """
    if problems := [*table_problems(operations, table)]:
        raise DefinitionError(message(problems))
    return MappingProxyType({operation: table[operation] for operation in operations})


def message(problems: list[Problem]) -> str:
    """Returns the problems as one message, which names each argument once."""
    return "; ".join(
        f"{argument}: " + "; ".join(problem.text for problem in group)
        for argument, group in groupby(problems, key=lambda problem: problem.argument)
    )


def table_problems(
    operations: type[OperationT], table: Mapping[OperationT, object]
) -> Iterator[Problem]:
    for operation in operations:
        if operation not in table:
            yield Problem("table", operation, True, f"{operation} is missing; add it")
    for operation in table:
        if text := foreign(operations, operation):
            yield Problem("table", operation, False, text)


def foreign(operations: type[BaseLedgerOperation], operation: object) -> str | None:
    """Returns the problem of an `operation` that is not one of `operations`."""
    if isinstance(operation, operations):
        return None
    return f"{operation} is not an operation of {operations.__name__}; remove it"
