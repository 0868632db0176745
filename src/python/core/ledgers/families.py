"""What a ledger takes over from its base: the amounts and limits of another ledger."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from core.ledgers.amounts import Amount, PerUnit
from core.ledgers.limits import Limit
from core.ledgers.operations import SHARED_OPERATIONS, BaseLedgerOperation
from core.ledgers.tables import Problem

ValueT_co = TypeVar("ValueT_co", covariant=True)


class ReadableTable(Protocol[ValueT_co]):
    """The part of a mapping that does not depend on which operations the keys may be."""

    def items(self) -> AbstractSet[tuple[BaseLedgerOperation, ValueT_co]]: ...


class AnyLedger(Protocol):
    """What can be read of any app's ledger, so that code can hold ledgers of several apps.

    A `Ledger` cannot be a `Ledger[BaseLedgerOperation]`: that would accept any app's operations.
    """

    @property
    def name(self) -> str: ...

    @property
    def operations(self) -> type[BaseLedgerOperation]: ...

    @property
    def amounts(self) -> ReadableTable[int]: ...

    @property
    def per_unit(self) -> ReadableTable[PerUnit]: ...

    @property
    def limits(self) -> ReadableTable[Limit]: ...

    @property
    def version(self) -> str: ...


@dataclass(frozen=True)
class Inherited:
    """The amounts and limits that a ledger has before it declares any, by operation name."""

    amounts: Mapping[str, Amount] = field(default_factory=lambda: SHARED_OPERATIONS)
    limits: Mapping[str, Limit] = field(default_factory=dict[str, Limit])


def inherited_from(base: AnyLedger) -> Inherited:
    """Returns the amounts and limits that a family of `base` takes over."""
    return Inherited(
        {**_by_name(base.amounts), **_by_name(base.per_unit)}, dict(_by_name(base.limits))
    )


def _by_name(table: ReadableTable[ValueT_co]) -> Mapping[str, ValueT_co]:
    return {operation.name: value for operation, value in table.items()}


def base_problems(
    operations: type[BaseLedgerOperation], base: type[BaseLedgerOperation]
) -> Iterator[Problem]:
    """Yields each operation of `base` that `operations` does not have."""
    own = operations.__members__
    lacking = [op for op in base if op.name not in own or own[op.name].value != op.value]
    if lacking:
        names = ", ".join(f"{operation.name} = {operation.value!r}" for operation in lacking)
        text = (
            f"{operations.__name__} lacks {names} of {base.__name__}, so it cannot take over "
            f"amounts; make it by extend_enum({base.__name__}, {operations.__name__!r}, ...)"
        )
        yield Problem("base", base, False, text)
