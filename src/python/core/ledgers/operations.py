"""Defines the shared operations, and the base class and contract of every app's operation enum.

Python does not allow an enum with members to be subclassed, so `BaseLedgerOperation` has none.
Instead, its metaclass requires each subclass to define the shared operations itself.
See docs/adr/0001-enum-contract.md.
"""

import keyword
import sys
from collections.abc import Mapping
from enum import Enum, EnumMeta
from types import MappingProxyType
from typing import Any, Final, TypeVar

from core.ledgers.errors import DefinitionError

SHARED_OPERATIONS: Final[Mapping[str, int]] = MappingProxyType(
    {"DAILY_REWARD": 1, "SIGNUP_CREDIT": 3, "CREDIT_SPEND": -1, "CREDIT_ADD": 10}
)
"""The operations that every app has, with their amounts in credits.

The value of each one is equal to its name.
"""

# The longest enum label in PostgreSQL: https://www.postgresql.org/docs/current/datatype-enum.html
_MAX_VALUE_BYTES = 63

_EnumMetaT = TypeVar("_EnumMetaT", bound="LedgerOperationMeta")


class LedgerOperationMeta(EnumMeta):
    """Rejects an invalid operation enum when its class is created.

    This is a metaclass because on Python 3.10 `__init_subclass__` runs before the members exist.
    """

    def __new__(
        metacls: type[_EnumMetaT],
        name: str,
        bases: tuple[type, ...],
        namespace: Any,  # of a private type of the enum module
        **kwds: Any,
    ) -> _EnumMetaT:
        cls = super().__new__(metacls, name, bases, namespace, **kwds)
        if bases != (Enum,):  # which only BaseLedgerOperation itself has
            problems = _contract_violations(cls)
            if problems:
                raise DefinitionError(
                    f"{name} is not a valid operation enum: " + "; ".join(problems)
                )
        return cls


class BaseLedgerOperation(Enum, metaclass=LedgerOperationMeta):
    """Base class of every app's operation enum. Subclass it, or call `extend_enum`.

    Members compare by identity, so operations of different apps are never equal.
    """


OperationT = TypeVar("OperationT", bound=BaseLedgerOperation)
OperationT_co = TypeVar("OperationT_co", bound=BaseLedgerOperation, covariant=True)
"""For what is only read: a `Post` of one app's operations is also a `Post[BaseLedgerOperation]`."""


def extend_enum(
    base: type[OperationT], name: str, extra: Mapping[str, str], *, module: str | None = None
) -> type[OperationT]:
    """Returns a subclass of `base` with the shared operations, followed by those in `extra`.

    `extra` maps names to values. The result is the same as that of a class statement that lists
    all of these operations. `name` must be the variable that the class is assigned to, in
    `module` (by default, the caller's module); otherwise its members cannot be pickled.

    Raises DefinitionError if `extra` repeats a shared operation, or if a name or value is invalid.
    """
    for member, value in extra.items():
        if member in SHARED_OPERATIONS or value in SHARED_OPERATIONS:
            raise DefinitionError(
                f"{name}: {member} = {value!r} collides with a shared operation; "
                "remove it (every app has it already) or rename it"
            )
        if not member.isidentifier() or keyword.iskeyword(member) or member.startswith("_"):
            raise DefinitionError(
                f"{name}: {member!r} is not a valid operation name; use an identifier that is not "
                "a keyword and does not start with an underscore"
            )
    members = {**{shared: shared for shared in SHARED_OPERATIONS}, **extra}
    caller = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # as enum itself does
    where: str = module or caller.f_globals["__name__"]
    # The functional API, in which calling the enum class with members returns a new class:
    # https://docs.python.org/3/howto/enum.html#functional-api
    create: Any = base
    extended: type[OperationT] = create(name, members, module=where, qualname=name)
    return extended


def _contract_violations(cls: EnumMeta) -> list[str]:
    """Describes each problem with the members of `cls`, and how to fix it."""
    members: dict[str, Any] = dict(cls.__members__)  # typeshed declares the values as classes
    problems: list[str] = []
    missing = [name for name in SHARED_OPERATIONS if name not in members]
    if missing:
        problems.append(f"it lacks {', '.join(missing)}; add each as NAME = 'NAME'")
    for name, member in members.items():
        value = member.value
        if name != member.name:
            problems.append(f"{name} is an alias of {member.name}; give it a value of its own")
        elif name in SHARED_OPERATIONS and value != name:
            problems.append(
                f"{name} is a shared operation, so its value must be {name!r}, not {value!r}"
            )
        elif name not in SHARED_OPERATIONS and value in list(SHARED_OPERATIONS):
            problems.append(
                f"{name} has the value of the shared operation {value}; give it another value"
            )
        elif type(value) is not str:
            problems.append(f"the value of {name} must be a string, not {value!r}")
        elif not _is_storable(value):
            problems.append(
                f"the value of {name} must be 1 to {_MAX_VALUE_BYTES} bytes of printable text, "
                f"not {value!r}"
            )
    if vars(cls)["_member_type_"] is not object:
        problems.append(
            "it mixes in another type, so operations of different apps could be equal; "
            "remove that type"
        )
    return problems


def _is_storable(value: str) -> bool:
    encoded = value.encode("utf-8", "replace")
    return 0 < len(encoded) <= _MAX_VALUE_BYTES and value.isprintable()
