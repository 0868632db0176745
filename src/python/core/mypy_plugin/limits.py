"""Checks calls to `at_most(...)` and `once_per(...)`. mypy itself checks their periods."""

from mypy.plugin import FunctionContext
from mypy.types import Type

from core.ledgers.limits import limit_problem
from core.mypy_plugin.arguments import argument
from core.mypy_plugin.constants import integer, is_none, string
from core.mypy_plugin.reports import LEDGER_OPERATION


def check(ctx: FunctionContext) -> Type:
    """Reports what the call would reject, at the argument."""
    arguments = {name: argument(ctx, name) for name in ("count", "timezone")}
    count, timezone = integer(ctx, arguments["count"]), string(ctx, arguments["timezone"])
    is_for_ever = "per" in ctx.callee_arg_names and is_none(argument(ctx, "per"))
    problems = {
        "count": None if count is None else limit_problem(count, None, "UTC"),
        "timezone": limit_problem(
            1, None if is_for_ever else "day", "UTC" if timezone is None else timezone
        ),
    }
    for parameter, problem in problems.items():
        if problem is not None:
            ctx.api.fail(problem, arguments[parameter] or ctx.context, code=LEDGER_OPERATION)
    return ctx.default_return_type
