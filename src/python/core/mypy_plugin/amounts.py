"""Checks calls to `Ledger(...)`: the name, the amounts and limits, and the result's type."""

# copy_modified has a parameter without an annotation:
# pyright: reportUnknownMemberType=false

from mypy.nodes import Expression, StrExpr
from mypy.plugin import FunctionContext
from mypy.types import Instance, Type, get_proper_type

from core.ledgers.amounts import amount_problems
from core.ledgers.ledger import checked_name
from core.ledgers.limits import limit_problems, once
from core.mypy_plugin import bases, type_arguments, units
from core.mypy_plugin.arguments import Call, argument, argument_type
from core.mypy_plugin.constants import integer, is_none
from core.mypy_plugin.mappings import Check
from core.mypy_plugin.names import LEDGER
from core.mypy_plugin.reports import LEDGER_OPERATION, refusal
from core.mypy_plugin.stand_ins import StandIns, enum_of


def check(ctx: FunctionContext) -> Type:
    """Reports what `Ledger(...)` would reject, and returns the ledger's type.

    A computed mapping is not checked. Neither is a ledger that is generic in its enum.
    """
    is_reported = _check_arguments(ctx)
    ledger = get_proper_type(ctx.default_return_type)
    if not isinstance(ledger, Instance):
        return ctx.default_return_type
    generic = ledger if ledger.args else _generic_base(ledger)  # a subclass may be Ledger[Content]
    right = type_arguments.check(ctx, generic.args[0], is_reported=is_reported)
    return ledger.copy_modified(args=[right, *ledger.args[1:]]) if ledger.args else ledger


def _generic_base(ledger: Instance) -> Instance:
    [base, *_] = [base for base in ledger.type.bases if base.type.has_base(LEDGER)]
    return base if base.args else _generic_base(base)


def _check_arguments(ctx: FunctionContext) -> bool:
    """Returns whether any entry of a mapping is reported."""
    operations = enum_of(argument_type(ctx, "operations"))
    stand_ins = StandIns()
    if operations is None or refusal(lambda: stand_ins.enum(operations)) is not None:
        return False  # an invalid enum is reported where it is defined
    own = stand_ins.enum(operations)
    name = argument(ctx, "name")
    if isinstance(name, StrExpr):
        given = name.value
        problem = refusal(lambda: checked_name(given))
        if problem is not None:
            ctx.api.fail(problem, name, code=LEDGER_OPERATION)

    inherited = bases.read(ctx, stand_ins, own)
    check_mapping = Check(ctx, stand_ins)
    amounts, overrides, limits = (
        argument(ctx, mapping) for mapping in ("amounts", "overrides", "limits")
    )
    if amounts is not None:
        check_mapping(
            amounts,
            lambda read: amount_problems(own, read, {}, inherited.unless_in(read)),
            unless_complete={op: 0 for op in own if op.name not in inherited.certain},
            value_of=_amount,
        )
    if overrides is not None:
        complete = {op: 0 for op in own if op.name not in inherited.possible}
        check_mapping(
            overrides,
            lambda read: amount_problems(own, complete, read, inherited.possible),
            unless_complete={},
            value_of=_amount,
        )
    if limits is not None:
        check_mapping(
            limits,
            lambda read: limit_problems(own, read, inherited.limited),
            unless_complete={},
            value_of=lambda _, value: None if is_none(value) else once(),
        )
    return bool(check_mapping.reported)


def _amount(ctx: Call, value: Expression) -> object:
    per_unit = units.amount_of(ctx, value)
    return integer(ctx, value) or 0 if per_unit is None else per_unit
