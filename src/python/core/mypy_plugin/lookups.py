"""Checks lookups and comparisons by value: `Operation("NOPE")`, `operation.value == "NOPE"`."""

from mypy.nodes import ComparisonExpr, Expression, MemberExpr, StrExpr, TypeInfo
from mypy.plugin import FunctionContext, MethodContext
from mypy.types import Instance, Type, get_proper_type

from core.mypy_plugin.arguments import Call
from core.mypy_plugin.names import BASE
from core.mypy_plugin.reports import LEDGER_OPERATION
from core.mypy_plugin.stand_ins import literal_of


def check_call(ctx: FunctionContext) -> Type:
    """Reports `Operation("NOPE")`, unless the enum has a `_missing_` of its own."""
    operation = get_proper_type(ctx.default_return_type)
    if isinstance(operation, Instance) and ctx.args and len(ctx.args[0]) == 1:
        missing = operation.type.get_containing_type_info("_missing_")
        if missing is None or missing.fullname == "enum.Enum":
            _check(ctx, operation.type, _values(operation.type), ctx.args[0][0])
    return ctx.default_return_type


def check_comparison(ctx: MethodContext) -> Type:
    """Reports `operation.value == "NOPE"` and `!=`, but not `"NOPE" == operation.value`.

    For the latter, mypy discards errors while it tries the methods of both operands.
    """
    if isinstance(ctx.context, ComparisonExpr):
        operands = ctx.context.operands
        for left, right in zip(operands, operands[1:]):
            if isinstance(left, MemberExpr) and left.name == "value" and isinstance(right, StrExpr):
                _check_operands(ctx, ctx.api.get_expression_type(left.expr), right)
    return ctx.default_return_type


def _check_operands(ctx: MethodContext, owner: Type, value: StrExpr) -> None:
    operation = get_proper_type(owner)
    if not isinstance(operation, Instance) or not operation.type.has_base(BASE):
        return
    if literal_of(owner) is not None:
        return  # a known member, which mypy checks
    # mypy tries the method of each member's value, of which the first is enough, and then that of
    # the other operand.
    values = _values(operation.type)
    compared = literal_of(ctx.type)
    if compared is None or compared.value in (*values[:1], value.value):
        _check(ctx, operation.type, values, value)


def _check(ctx: Call, info: TypeInfo, values: list[object], value: Expression) -> None:
    if values and isinstance(value, StrExpr) and value.value not in values:
        ctx.api.fail(
            f"no operation of {info.name} has the value {value.value!r}",
            value,
            code=LEDGER_OPERATION,
        )


def _values(info: TypeInfo) -> list[object]:
    """Returns the values of the members; none if any is unknown."""
    values: list[object] = []
    for name in info.enum_members:
        type_ = info.names[name].type
        literal = literal_of(type_) if type_ is not None else None
        if literal is None:
            return []
        values.append(literal.value)
    return values
