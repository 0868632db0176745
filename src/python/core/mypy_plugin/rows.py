"""Checks conditions of SQLAlchemy statements: `where(entry.operation == Travel.BOOKING)`.

SQLAlchemy compares a column with anything, so mypy alone finds no error.
"""

from collections.abc import Iterator

from mypy.messages import format_type_bare
from mypy.nodes import CallExpr, ComparisonExpr, Expression, OpExpr
from mypy.plugin import MethodContext
from mypy.types import Instance, Type, get_proper_type

from core.mypy_plugin.reports import LEDGER_OPERATION
from core.mypy_plugin.stand_ins import enum_of

_METHODS = (".where", ".filter", ".having")


def is_condition(fullname: str) -> bool:
    """Whether the method takes conditions."""
    return fullname.endswith(_METHODS) and fullname.startswith("sqlalchemy.")


def check(ctx: MethodContext) -> Type:
    for arguments in ctx.args:
        for condition in arguments:
            for left, right in _comparisons(condition):
                _check(ctx, left, right)
                _check(ctx, right, left)
    return ctx.default_return_type


def _comparisons(condition: Expression) -> Iterator[tuple[Expression, Expression]]:
    if isinstance(condition, ComparisonExpr):
        yield from zip(condition.operands, condition.operands[1:])
    elif isinstance(condition, OpExpr):  # conditions combined by & or |
        yield from _comparisons(condition.left)
        yield from _comparisons(condition.right)
    elif isinstance(condition, CallExpr):  # or by and_(...) or or_(...)
        for argument in condition.args:
            yield from _comparisons(argument)


def _check(ctx: MethodContext, column: Expression, value: Expression) -> None:
    attribute = get_proper_type(ctx.api.get_expression_type(column))
    if not isinstance(attribute, Instance) or len(attribute.args) != 1:
        return
    [stored] = attribute.args
    given = ctx.api.get_expression_type(value)
    expected, found = enum_of(stored), enum_of(given)
    if expected is None or found is None or expected is found:
        return
    options = ctx.api.options
    ctx.api.fail(
        f"the column has operations of {format_type_bare(stored, options)}, so it is never equal "
        f"to one of {found.name}",
        value,
        code=LEDGER_OPERATION,
    )
