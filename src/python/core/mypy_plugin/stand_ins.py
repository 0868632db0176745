"""Creates real enums with the members of those in the checked source.

The library's rules are then applied to the real ones.
"""

from typing import Any

from mypy.nodes import TypeInfo
from mypy.types import (
    FunctionLike,
    Instance,
    LiteralType,
    Type,
    TypeType,
    get_proper_type,
)

from core.ledgers.operations import SHARED_OPERATIONS, BaseLedgerOperation
from core.mypy_plugin.members import recorded
from core.mypy_plugin.names import BASE
from core.mypy_plugin.reports import refusal


class StandIns:
    """The real enums of one call. Two members of one source enum are members of one real enum."""

    def __init__(self) -> None:
        self._enums: dict[str, type[BaseLedgerOperation]] = {}

    def enum(self, info: TypeInfo) -> type[BaseLedgerOperation]:
        """Raises DefinitionError for an invalid enum, which is reported where it is defined."""
        if info.fullname not in self._enums:
            known = recorded(info)
            if known is not None and not known.is_broken:
                members = known.stand_in()
            else:  # the operations that mypy finds, with valid values
                members = {
                    name: name if name in SHARED_OPERATIONS else f"value {number}"
                    for number, name in enumerate(info.enum_members)
                }
            create: Any = BaseLedgerOperation  # calling it with members creates an enum
            enum: type[BaseLedgerOperation] = create(info.name, members)
            self._enums[info.fullname] = enum
        return self._enums[info.fullname]

    def operation(self, type_: Type) -> BaseLedgerOperation | None:
        """Returns the member that `type_` is the literal type of, if that can be known."""
        literal = literal_of(type_)
        if literal is None or not isinstance(literal.value, str) or not literal.is_enum_literal():
            return None
        info = enum_of(literal.fallback)
        if info is None or refusal(lambda: self.enum(info)) is not None:
            return None
        return self.enum(info)[literal.value]


def enum_of(type_: Type | None) -> TypeInfo | None:
    """Returns the operation enum of a type: that of the class object, or of one of its members."""
    proper = get_proper_type(type_)
    if isinstance(proper, TypeType):
        proper = proper.item
    elif isinstance(proper, FunctionLike) and proper.is_type_obj():
        return _with_members(proper.type_object())
    return _with_members(proper.type) if isinstance(proper, Instance) else None


def literal_of(type_: Type) -> LiteralType | None:
    proper = get_proper_type(type_)
    if isinstance(proper, Instance):
        return proper.last_known_value
    return proper if isinstance(proper, LiteralType) else None


def _with_members(info: TypeInfo) -> TypeInfo | None:
    return info if info.enum_members and info.has_base(BASE) else None
