"""Records the members of each operation enum, for what is derived from it and what uses it."""

# copy_modified has a parameter without an annotation:
# pyright: reportUnknownMemberType=false

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mypy.nodes import TypeInfo
from mypy.types import Instance, LiteralType

_KEY: Final = "ledger-operation"


@dataclass(frozen=True)
class Members:
    """The members of an operation enum. A value is None if it is not known, as in a stub file."""

    values: Mapping[str, str | None]
    is_broken: bool
    """Whether the definition is invalid, which has been reported."""

    def stand_in(self) -> dict[str, str]:
        """Returns the members with a value each, so that a real enum can be made of them."""
        return {
            name: f"? {name}" if value is None else value for name, value in self.values.items()
        }


def record(info: TypeInfo, members: Members, string: Instance) -> None:
    """Stores the members with the class, where mypy's cache keeps them.

    mypy's daemon rechecks the code that uses a changed class or member. A new member is not used
    anywhere yet, but it can make a `match` inexhaustive or leave a ledger without an amount. So the
    members are also stored as the literal value of the metaclass, which the daemon compares when it
    looks for changed classes, and which nothing else reads.
    """
    values = [[name, value] for name, value in members.values.items()]  # a dict would be sorted
    info.metadata[_KEY] = {"values": values, "is_broken": members.is_broken}
    if info.metaclass_type is not None:
        literal = LiteralType(repr([info.enum_members, values, members.is_broken]), string)
        info.metaclass_type = info.metaclass_type.copy_modified(last_known_value=literal)


def recorded(info: TypeInfo) -> Members | None:
    """Returns the members of an operation enum, or None if mypy has not analyzed it yet."""
    found = info.metadata.get(_KEY)
    if found is None:
        return None
    return Members(dict(found["values"]), found["is_broken"])
