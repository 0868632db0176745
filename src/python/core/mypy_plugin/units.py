"""Checks calls to `per_unit(...)`, and reads the amounts that they return."""

from mypy.nodes import CallExpr, Expression, RefExpr, TupleExpr
from mypy.plugin import FunctionContext
from mypy.types import Type

from core.ledgers.amounts import PerUnit, per_unit_problem
from core.mypy_plugin.arguments import Call, argument
from core.mypy_plugin.constants import integer
from core.mypy_plugin.names import PER_UNIT
from core.mypy_plugin.reports import LEDGER_OPERATION

_PARAMETERS = ("amount", "at_most", "formerly")

Arguments = dict[str, Expression | None]


def check(ctx: FunctionContext) -> Type:
    """Reports what `per_unit(...)` would reject, at the argument."""
    arguments: Arguments = {name: argument(ctx, name) for name in _PARAMETERS}
    amount, at_most, formerly = _values(ctx, arguments)
    if amount is None:
        amount, formerly = 1, tuple(unit for unit in formerly if unit != 1)
    for parameter, problem in (
        ("at_most", per_unit_problem(1, at_most, ())),
        ("amount", per_unit_problem(amount, at_most, ())),
        ("formerly", per_unit_problem(amount, at_most, formerly)),
    ):
        if problem is not None:
            ctx.api.fail(problem, arguments[parameter] or ctx.context, code=LEDGER_OPERATION)
            break
    return ctx.default_return_type


def amount_of(ctx: Call, value: Expression) -> PerUnit | None:
    """Returns the amount that the expression `value` evaluates to, if that is valid and known.

    An unknown `at_most` counts as 1, for which every valid amount is valid.
    """
    if not isinstance(value, CallExpr) or not isinstance(value.callee, RefExpr):
        return None
    if value.callee.fullname != PER_UNIT:
        return None
    arguments: Arguments = dict.fromkeys(_PARAMETERS)
    for name, parameter, given in zip(value.arg_names, _PARAMETERS, value.args):
        arguments[name or parameter] = given
    amount, at_most, formerly = _values(ctx, arguments)
    if amount is None or per_unit_problem(amount, at_most, formerly) is not None:
        return None
    return PerUnit(amount, at_most, formerly)


def _values(ctx: Call, arguments: Arguments) -> tuple[int | None, int, tuple[int, ...]]:
    """Returns the values of the arguments, as far as they are known."""
    at_most = integer(ctx, arguments["at_most"])
    formerly = arguments["formerly"]
    items = formerly.items if isinstance(formerly, TupleExpr) else []
    units = [integer(ctx, item) for item in items]
    return (
        integer(ctx, arguments["amount"]),
        1 if at_most is None else at_most,
        tuple(unit for unit in units if unit is not None),
    )
