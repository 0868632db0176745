"""Tells mypy's daemon when an enum's members change, so that it checks again what uses the enum."""

# mypy leaves an argument without a type:
# pyright: reportUnknownMemberType=false

from mypy.nodes import TypeInfo
from mypy.types import Instance, LiteralType


def depend_on_members(info: TypeInfo, string: Instance) -> None:
    """Makes the list of members a part of the class itself.

    The daemon knows what uses a class, and what uses a member. A new member is in use nowhere, yet
    a `match` that was exhaustive is so no longer, and a ledger lacks an amount. What the daemon
    compares of a class includes its metaclass with its literal value, which nothing else reads.
    """
    if info.metaclass_type is not None:
        members = LiteralType(" ".join(info.enum_members), string)
        info.metaclass_type = info.metaclass_type.copy_modified(last_known_value=members)
