"""Checks calls to `per_operation(...)`: that the table has every operation, and no others."""

# copy_modified has a parameter without an annotation:
# pyright: reportUnknownMemberType=false

from mypy.plugin import FunctionContext
from mypy.types import Instance, Type, get_proper_type

from core.ledgers.tables import table_problems
from core.mypy_plugin import type_arguments
from core.mypy_plugin.arguments import argument, argument_type
from core.mypy_plugin.mappings import Check
from core.mypy_plugin.reports import refusal
from core.mypy_plugin.stand_ins import StandIns, enum_of


def check(ctx: FunctionContext) -> Type:
    """Reports what `per_operation(...)` would reject, and returns the table's type."""
    stand_ins = StandIns()
    check_mapping = Check(ctx, stand_ins)
    operations, table = enum_of(argument_type(ctx, "operations")), argument(ctx, "table")
    if operations is not None and table is not None:
        if refusal(lambda: stand_ins.enum(operations)) is None:
            own = stand_ins.enum(operations)
            check_mapping(
                table,
                lambda read: table_problems(own, read),
                unless_complete=dict.fromkeys(own),
                value_of=lambda _, value: value,
            )
    mapping = get_proper_type(ctx.default_return_type)
    if not isinstance(mapping, Instance):
        return ctx.default_return_type
    [key, value] = mapping.args
    right = type_arguments.check(ctx, key, is_reported=bool(check_mapping.reported))
    return mapping.copy_modified(args=[right, value])
