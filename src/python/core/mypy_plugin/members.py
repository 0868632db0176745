"""Makes mypy's daemon recheck every use of an enum when its members change."""

# copy_modified has a parameter without an annotation:
# pyright: reportUnknownMemberType=false

from mypy.nodes import TypeInfo
from mypy.types import Instance, LiteralType


def depend_on_members(info: TypeInfo, string: Instance) -> None:
    """Stores the names of the members in a part of the class that mypy's daemon compares.

    The daemon rechecks the code that uses a changed class or member. A new member is not used
    anywhere yet, but it can make a `match` inexhaustive or leave a ledger without an amount. So the
    names are stored as the literal value of the metaclass, which the daemon compares when it looks
    for changed classes, and which nothing else reads.
    """
    if info.metaclass_type is not None:
        members = LiteralType(" ".join(info.enum_members), string)
        info.metaclass_type = info.metaclass_type.copy_modified(last_known_value=members)
