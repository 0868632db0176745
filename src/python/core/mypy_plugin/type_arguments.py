"""Checks that the type of a ledger or a table is that of the enum given as `operations`.

Otherwise mypy would infer one that fits all operations that it finds, such as
`Ledger[Content | Travel]`, which then accepts the operations of both apps.
"""

from mypy.messages import format_type_bare
from mypy.plugin import FunctionContext
from mypy.types import (
    AnyType,
    FunctionLike,
    Instance,
    ProperType,
    Type,
    TypeType,
    TypeVarType,
    UninhabitedType,
    UnionType,
    get_proper_type,
)

from core.mypy_plugin.arguments import argument, argument_type
from core.mypy_plugin.names import BASE
from core.mypy_plugin.reports import LEDGER_OPERATION


def check(ctx: FunctionContext, inferred: Type, *, is_reported: bool) -> Type:
    """Returns the type of `operations`, and reports an `inferred` one that differs from it.

    Nothing is reported if the wrong operation already is.
    """
    given = _operations_of(argument_type(ctx, "operations"))
    found = get_proper_type(inferred)
    if given is None:
        return inferred
    options = ctx.api.options
    shown = format_type_bare(given, options)
    if not _is_one_enum(given):
        ctx.api.fail(
            f"operations: {shown} stands for the enums of several apps, so operations of any of "
            "them would be accepted; use the enum of one app, or a type variable",
            argument(ctx, "operations") or ctx.context,
            code=LEDGER_OPERATION,
        )
        return inferred
    if found != given and not is_reported and not isinstance(found, UninhabitedType):
        accepted = "any app" if isinstance(found, AnyType) else format_type_bare(found, options)
        ctx.api.fail(
            f"operations of {accepted} would be accepted, but "
            f"`operations` is {shown}; use only operations of {shown}",
            ctx.context,
            code=LEDGER_OPERATION,
        )
    return given


def _operations_of(type_: Type | None) -> ProperType | None:
    """Returns the X of type[X], if that has operations or is generic."""
    proper = get_proper_type(type_)
    if isinstance(proper, UnionType):
        items = [item for item in map(_operations_of, proper.items) if item is not None]
        return get_proper_type(UnionType.make_union(items)) if items else None
    if isinstance(proper, FunctionLike) and proper.is_type_obj():
        info = proper.type_object()
        return Instance(info, []) if info.has_base(BASE) else None
    item = proper.item if isinstance(proper, TypeType) else None
    if isinstance(item, Instance):
        return Instance(item.type, []) if item.type.has_base(BASE) else None
    return None if isinstance(item, AnyType) else item


def _is_one_enum(type_: ProperType) -> bool:
    return isinstance(type_, TypeVarType) or (
        isinstance(type_, Instance) and type_.type.fullname != BASE
    )
