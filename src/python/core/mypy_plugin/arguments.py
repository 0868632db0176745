"""Finds the argument of a parameter in a call."""

from typing import TypeVar

from mypy.nodes import Expression
from mypy.plugin import FunctionContext, MethodContext
from mypy.types import Type

Call = FunctionContext | MethodContext

T = TypeVar("T")


def argument(ctx: Call, parameter: str) -> Expression | None:
    return _first(ctx, parameter, ctx.args)


def argument_type(ctx: Call, parameter: str) -> Type | None:
    return _first(ctx, parameter, ctx.arg_types)


def _first(ctx: Call, parameter: str, actuals: list[list[T]]) -> T | None:
    if parameter not in ctx.callee_arg_names:
        return None
    given = actuals[ctx.callee_arg_names.index(parameter)]
    return given[0] if given else None
