"""Reads from a call to `Ledger(...)` which operations have amounts and limits from its base."""

from collections.abc import Mapping
from dataclasses import dataclass

from mypy.maptype import map_instance_to_supertype
from mypy.nodes import TypeInfo
from mypy.plugin import FunctionContext
from mypy.types import Instance, get_proper_type

from core.ledgers.families import base_problems
from core.ledgers.operations import SHARED_OPERATIONS, BaseLedgerOperation
from core.ledgers.tables import message
from core.mypy_plugin.arguments import argument, argument_type
from core.mypy_plugin.constants import is_none
from core.mypy_plugin.names import LEDGER
from core.mypy_plugin.reports import LEDGER_OPERATION, refusal
from core.mypy_plugin.stand_ins import StandIns, enum_of


@dataclass(frozen=True)
class Inherited:
    """The names of the operations whose amounts are taken over, certainly or possibly.

    The enum of a base is not known if that is an `AnyLedger`, for example.
    """

    certain: frozenset[str] = frozenset(SHARED_OPERATIONS)
    possible: frozenset[str] = frozenset(SHARED_OPERATIONS)
    limited: frozenset[str] = frozenset()
    """Those that may have a limit."""

    def unless_in(self, amounts: Mapping[BaseLedgerOperation, object]) -> frozenset[str]:
        """Returns the names if the mapping has no operation that is only possibly taken over."""
        return self.certain | self.possible - {operation.name for operation in amounts}


def read(ctx: FunctionContext, stand_ins: StandIns, own: type[BaseLedgerOperation]) -> Inherited:
    """Returns what is taken over, and reports a base whose operations the ledger does not have."""
    base = argument(ctx, "base")
    if base is None or is_none(base):
        return Inherited()
    info = _operations_of_base(ctx)
    names = frozenset(own.__members__)
    if info is None or refusal(lambda: stand_ins.enum(info)) is not None:
        return Inherited(possible=names, limited=names)
    operations = stand_ins.enum(info)
    if problems := [*base_problems(own, operations)]:
        ctx.api.fail(message(problems), base, code=LEDGER_OPERATION)
    taken = frozenset(SHARED_OPERATIONS) | frozenset(operations.__members__)
    return Inherited(taken, taken, taken)


def _operations_of_base(ctx: FunctionContext) -> TypeInfo | None:
    """Returns the enum of the ledger that is given as base, or None if it is not known."""
    ledger = get_proper_type(argument_type(ctx, "base"))
    if not isinstance(ledger, Instance):
        return None
    for base in ledger.type.mro:
        if base.fullname == LEDGER:
            [operations] = map_instance_to_supertype(ledger, base).args
            return enum_of(operations)
    return None
