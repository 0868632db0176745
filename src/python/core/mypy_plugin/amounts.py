"""Checks calls to `Ledger(...)`: the name, the amounts and the overrides, if they are literals."""

from collections.abc import Mapping
from typing import TypeVar

from mypy.nodes import DictExpr, Expression, StrExpr, TypeInfo
from mypy.plugin import FunctionContext
from mypy.types import FunctionLike, Instance, LiteralType, Type, TypeType, get_proper_type

from core.ledgers.ledger import Ledger
from core.ledgers.operations import SHARED_OPERATIONS, BaseLedgerOperation, extend_enum
from core.mypy_plugin.names import BASE
from core.mypy_plugin.reports import LEDGER_OPERATION, refusal

Amounts = dict[BaseLedgerOperation, int]

T = TypeVar("T")


def check(ctx: FunctionContext) -> None:
    """Reports what `Ledger(...)` would reject, at the argument that causes it.

    Arguments that are not literals, such as a computed mapping, are not checked. Neither is a
    ledger that is generic in its enum.
    """
    name, operations = _argument(ctx, "name"), _enum_of(_argument_type(ctx, "operations"))
    if operations is None:
        return
    stand_in = _StandIn(ctx)
    if refusal(lambda: stand_in.enum(operations)) is not None:
        return  # already reported where the enum is defined
    own = stand_in.enum(operations)
    zeros: Amounts = {op: 0 for op in own if op.name not in SHARED_OPERATIONS}

    if isinstance(name, StrExpr):
        given = name.value
        _report(ctx, name, refusal(lambda: Ledger(name=given, operations=own, amounts=zeros)))
    amounts, overrides = _argument(ctx, "amounts"), _argument(ctx, "overrides")
    if isinstance(amounts, DictExpr):
        read = stand_in.amounts(amounts, zeros)
        _report(ctx, amounts, refusal(lambda: Ledger(name="x", operations=own, amounts=read)))
    if isinstance(overrides, DictExpr):
        changed = stand_in.amounts(overrides, {})
        _report(
            ctx,
            overrides,
            refusal(
                lambda: Ledger(name="x", operations=own, amounts=zeros, overrides=changed),
            ),
        )


class _StandIn:
    """Creates real enums and mappings that match those in the checked source."""

    def __init__(self, ctx: FunctionContext) -> None:
        self._ctx = ctx
        self._enums: dict[str, type[BaseLedgerOperation]] = {}

    def enum(self, info: TypeInfo) -> type[BaseLedgerOperation]:
        if info.fullname not in self._enums:
            own = [name for name in info.enum_members if name not in SHARED_OPERATIONS]
            # The values are irrelevant here, but they must be distinct.
            extra = {name: f"value {number}" for number, name in enumerate(own)}
            self._enums[info.fullname] = extend_enum(BaseLedgerOperation, info.name, extra)
        return self._enums[info.fullname]

    def amounts(
        self, mapping: DictExpr, unless_complete: Mapping[BaseLedgerOperation, int]
    ) -> Amounts:
        """Returns the operations and amounts in `mapping`.

        If a key is not a literal, operations that are missing are taken from `unless_complete`, so
        that they are not reported.
        """
        read: Amounts = {}
        complete = True
        for key, value in mapping.items:
            if key is None or (operation := self._operation(key)) is None:
                complete = False
                continue
            if operation in read:
                _report(self._ctx, key, f"{operation} is given twice; remove one")
            read[operation] = self._amount(value)
        return read if complete else {**unless_complete, **read}

    def _operation(self, key: Expression) -> BaseLedgerOperation | None:
        literal = _literal(self._ctx.api.get_expression_type(key))
        if literal is None or not isinstance(literal.value, str) or not literal.is_enum_literal():
            return None
        info = _enum_of(literal.fallback)
        return None if info is None else self.enum(info)[literal.value]

    def _amount(self, value: Expression) -> int:
        literal = _literal(self._ctx.api.get_expression_type(value))
        return literal.value if literal is not None and isinstance(literal.value, int) else 0


def _enum_of(type_: Type | None) -> TypeInfo | None:
    """Returns the operation enum of a type: that of the class object, or of one of its members."""
    proper = get_proper_type(type_)
    if isinstance(proper, TypeType):
        proper = proper.item
    elif isinstance(proper, FunctionLike) and proper.is_type_obj():
        return _with_members(proper.type_object())
    return _with_members(proper.type) if isinstance(proper, Instance) else None


def _with_members(info: TypeInfo) -> TypeInfo | None:
    return info if info.enum_members and info.has_base(BASE) else None


def _literal(type_: Type) -> LiteralType | None:
    proper = get_proper_type(type_)
    if isinstance(proper, Instance):
        return proper.last_known_value
    return proper if isinstance(proper, LiteralType) else None


def _argument(ctx: FunctionContext, parameter: str) -> Expression | None:
    expressions = _of_parameter(ctx, parameter, ctx.args)
    return expressions[0] if expressions else None


def _argument_type(ctx: FunctionContext, parameter: str) -> Type | None:
    types = _of_parameter(ctx, parameter, ctx.arg_types)
    return types[0] if types else None


def _of_parameter(ctx: FunctionContext, parameter: str, actuals: list[list[T]]) -> list[T]:
    if parameter not in ctx.callee_arg_names:
        return []
    return actuals[ctx.callee_arg_names.index(parameter)]


def _report(ctx: FunctionContext, place: Expression, problem: str | None) -> None:
    if problem is not None:
        ctx.api.fail(problem, place, code=LEDGER_OPERATION)
