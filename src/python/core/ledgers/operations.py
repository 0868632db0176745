"""What a ledger operation is: the shared operations, and the contract of every app's enum.

`BaseLedgerOperation` has no members, because Python refuses to subclass an enum that has some.
Its metaclass makes up for that: whoever subclasses it must restate the shared operations.
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
"""The operations that every app has, each with its amount in credits. A name is also its value."""

# PostgreSQL keeps 63 bytes of an enum label: src/include/pg_config_manual.h, NAMEDATALEN.
_MAX_VALUE_BYTES = 63

_EnumMetaT = TypeVar("_EnumMetaT", bound="LedgerOperationMeta")


class LedgerOperationMeta(EnumMeta):
    """Refuses an enum of operations that breaks the contract, when its class is created.

    A metaclass rather than `__init_subclass__`, which sees no members on Python 3.10.
    """

    def __new__(
        metacls: type[_EnumMetaT],
        name: str,
        bases: tuple[type, ...],
        namespace: Any,  # enum's private dictionary type, handed through
        **kwds: Any,
    ) -> _EnumMetaT:
        cls = super().__new__(metacls, name, bases, namespace, **kwds)
        if bases != (Enum,):  # all but BaseLedgerOperation itself
            problems = _contract_violations(cls)
            if problems:
                raise DefinitionError(f"{name} is no ledger operation enum: " + "; ".join(problems))
        return cls


class BaseLedgerOperation(Enum, metaclass=LedgerOperationMeta):
    """Base of every app's operations. Subclass it, or call `extend_enum`.

    Members are compared by identity, so operations of different apps are never equal.
    """


OperationT = TypeVar("OperationT", bound=BaseLedgerOperation)


def extend_enum(
    base: type[OperationT], name: str, extra: Mapping[str, str], *, module: str | None = None
) -> type[OperationT]:
    """Returns a subclass of `base` with the shared operations followed by `extra` (name to value).

    Same as a class statement that restates the shared operations. `name` must be the name of the
    variable it is assigned to, in `module` (the caller's by default), so that members pickle.

    Raises DefinitionError when `extra` repeats a shared operation or breaks the contract.
    """
    for member, value in extra.items():
        if member in SHARED_OPERATIONS or value in SHARED_OPERATIONS:
            raise DefinitionError(
                f"{name}: {member} = {value!r} collides with a shared operation; "
                "remove it (every app has it already) or rename it"
            )
        if not member.isidentifier() or keyword.iskeyword(member) or member.startswith("_"):
            raise DefinitionError(f"{name}: {member!r} cannot name an operation; rename it")
    members = {**{shared: shared for shared in SHARED_OPERATIONS}, **extra}
    caller = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # as enum itself does
    where: str = module or caller.f_globals["__name__"]
    # The functional API: https://docs.python.org/3/howto/enum.html#functional-api
    create: Any = base  # called with members, an enum class answers with a class, not a member
    extended: type[OperationT] = create(name, members, module=where, qualname=name)
    return extended


def _contract_violations(cls: EnumMeta) -> list[str]:
    """What is wrong with the members of `cls`, each with what to change."""
    members: dict[str, Any] = dict(cls.__members__)  # typeshed takes them for classes
    problems: list[str] = []
    missing = [name for name in SHARED_OPERATIONS if name not in members]
    if missing:
        problems.append(f"it lacks {', '.join(missing)}; add each as NAME = 'NAME'")
    for name, member in members.items():
        value = member.value
        if name != member.name:
            problems.append(f"{name} is an alias of {member.name}; give it a value of its own")
        elif name in SHARED_OPERATIONS and value != name:
            problems.append(f"{name} is shared and must be {name!r}, not {value!r}")
        elif name not in SHARED_OPERATIONS and value in list(SHARED_OPERATIONS):
            problems.append(f"{name} takes the value of the shared {value}; give it another")
        elif type(value) is not str:
            problems.append(f"{name} must be a string, not {value!r}")
        elif not _is_storable(value):
            problems.append(
                f"{name} must be 1 to {_MAX_VALUE_BYTES} bytes of printable text, not {value!r}"
            )
    if vars(cls)["_member_type_"] is not object:
        problems.append("it mixes in another type, which would make members of two apps equal")
    return problems


def _is_storable(value: str) -> bool:
    encoded = value.encode("utf-8", "replace")
    return 0 < len(encoded) <= _MAX_VALUE_BYTES and value.isprintable()
