"""Checks the arguments of a post: invalid literals, and variables that are swapped."""

from mypy.nodes import Expression, MemberExpr, NameExpr, StrExpr
from mypy.types import Type

from core.ledgers.amounts import quantity_problem
from core.ledgers.identifiers import validated_nonce, validated_owner_id
from core.mypy_plugin.arguments import Call, argument
from core.mypy_plugin.constants import integer
from core.mypy_plugin.reports import LEDGER_OPERATION, refusal

_RULES = {"owner_id": validated_owner_id, "nonce": validated_nonce}


def check(ctx: Call) -> Type:
    for parameter, validated in _RULES.items():
        given = argument(ctx, parameter)
        if isinstance(given, StrExpr):
            value = given.value
            problem = refusal(lambda: validated(value))
        else:
            problem = _is_swapped(parameter, given)
        _report(ctx, given, problem)
    given = argument(ctx, "quantity")
    quantity = integer(ctx, given)
    if quantity is not None:
        _report(ctx, given, quantity_problem(quantity))
    return ctx.default_return_type


def _report(ctx: Call, given: Expression | None, problem: str | None) -> None:
    if given is not None and problem is not None:
        ctx.api.fail(problem, given, code=LEDGER_OPERATION)


def _is_swapped(parameter: str, given: Expression | None) -> str | None:
    if not isinstance(given, (NameExpr, MemberExpr)):
        return None
    if given.name == parameter or given.name not in _RULES:
        return None
    return f"{given.name} is given as {parameter}; swap the arguments, or rename the variable"
