"""Evaluates constant expressions in arguments, such as 10**9."""

from mypy.checker import TypeChecker
from mypy.constant_fold import constant_fold_expr
from mypy.nodes import Expression, NameExpr

from core.mypy_plugin.arguments import Call
from core.mypy_plugin.stand_ins import literal_of


def integer(ctx: Call, expression: Expression | None) -> int | None:
    """Returns what the expression evaluates to, or None if that is not known or no integer."""
    value = _constant(ctx, expression)
    return value if isinstance(value, int) else None


def string(ctx: Call, expression: Expression | None) -> str | None:
    value = _constant(ctx, expression)
    return value if isinstance(value, str) else None


def is_none(expression: Expression | None) -> bool:
    """Whether an argument is missing, or the literal None."""
    return expression is None or (
        isinstance(expression, NameExpr) and expression.fullname == "builtins.None"
    )


def _constant(ctx: Call, expression: Expression | None) -> object:
    if expression is None:
        return None
    if isinstance(ctx.api, TypeChecker):
        folded = constant_fold_expr(expression, ctx.api.tree.fullname)
        if folded is not None:
            return folded
    literal = literal_of(ctx.api.get_expression_type(expression))
    return None if literal is None else literal.value
