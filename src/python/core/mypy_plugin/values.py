"""Gives `.value` of an operation the type `str` where mypy alone would only know `Any`.

That is the case if the operation is one of several members, after a `match` or a comparison, or if
its enum is a type variable.
"""

from mypy.plugin import AttributeContext
from mypy.plugins.enums import enum_value_callback
from mypy.types import (
    AnyType,
    Instance,
    LiteralType,
    Type,
    TypeVarType,
    UnionType,
    get_proper_type,
)

from core.mypy_plugin.names import BASE


def type_of_value(ctx: AttributeContext) -> Type:
    known = get_proper_type(enum_value_callback(ctx))
    if isinstance(known, AnyType) and _is_operation(ctx.type):
        return ctx.api.named_generic_type("builtins.str", [])
    return known


def _is_operation(type_: Type) -> bool:
    proper = get_proper_type(type_)
    if isinstance(proper, UnionType):
        return all(_is_operation(item) for item in proper.items)
    if isinstance(proper, TypeVarType):
        return _is_operation(proper.upper_bound)
    if isinstance(proper, LiteralType):
        return proper.fallback.type.has_base(BASE)
    return isinstance(proper, Instance) and proper.type.has_base(BASE)
