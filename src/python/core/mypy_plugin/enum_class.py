"""Builds the class that mypy uses for the result of `extend_enum`."""

# mypy's own plugins use private names too, and some of its parameters are not annotated:
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false

from mypy.nodes import MDEF, SymbolTableNode, TypeInfo, Var
from mypy.semanal import SemanticAnalyzer
from mypy.types import Instance, LiteralType

from core.mypy_plugin.members import Members, record


def class_of(
    api: SemanticAnalyzer, name: str, root: Instance, members: Members, line: int
) -> TypeInfo:
    """Returns a class with `members`, directly below `root`."""
    info = api.basic_new_typeinfo(name, root, line)
    info.line = line
    info.metaclass_type = info.calculate_metaclass_type()
    info.is_enum = True
    info.fallback_to_any = members.is_broken
    string = api.named_type("builtins.str")
    for member, value in members.values.items():
        literal = None if value is None else LiteralType(value, string)
        var = Var(member, string.copy_modified(last_known_value=literal))
        var.info = info
        var._fullname = f"{info.fullname}.{member}"
        var.line = line
        var.is_ready = True
        var.is_initialized_in_class = True
        var.has_explicit_value = True  # otherwise mypy would not treat it as a member
        info.names[member] = SymbolTableNode(MDEF, var, plugin_generated=True)
    record(info, members, string)
    return info
