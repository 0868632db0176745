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
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from core.ledgers.enum_contract import (
    EQUALITY,
    REFUSED_ATTRIBUTES,
    changed,
    deleted,
    member_problems,
    mixing_problems,
    statement_problems,
)
from core.ledgers.errors import DefinitionError

SHARED_OPERATIONS: Final[Mapping[str, int]] = MappingProxyType(
    {"DAILY_REWARD": 1, "SIGNUP_CREDIT": 3, "CREDIT_SPEND": -1, "CREDIT_ADD": 10}
)
"""The operations that every app has, with their amounts in credits.

The value of each one is equal to its name.
"""

_EnumMetaT = TypeVar("_EnumMetaT", bound="LedgerOperationMeta")


class LedgerOperationMeta(EnumMeta):
    """Rejects an invalid operation enum when its class is created.

    This is a metaclass because on Python 3.10 `__init_subclass__` runs before the members exist.
    """

    @classmethod
    def __prepare__(  # type: ignore[override]  # as that of EnumMeta differs from that of type
        metacls, cls: str, bases: tuple[type, ...], **kwds: Any
    ) -> Any:
        if bases != (Enum,):  # which only BaseLedgerOperation itself has
            # Before the enum module finds a reason of its own, which differs between versions.
            _refuse(cls, mixing_problems(bases, BaseLedgerOperation, kwds))
        return super().__prepare__(cls, bases, **kwds)

    def __new__(
        metacls: type[_EnumMetaT],
        name: str,
        bases: tuple[type, ...],
        namespace: Any,  # of a private type of the enum module
        **kwds: Any,
    ) -> _EnumMetaT:
        if bases == (Enum,):
            return super().__new__(metacls, name, bases, namespace, **kwds)
        written = _members_as_written(name, namespace)
        inherited = getattr(BaseLedgerOperation, "_generate_next_value_")  # enum adds it
        own = {key: value for key, value in namespace.items() if value is not inherited}
        _refuse(name, [*statement_problems(own), *member_problems(written, SHARED_OPERATIONS)])
        cls = super().__new__(metacls, name, bases, namespace, **kwds)
        values = _values(cls)
        _refuse(name, [changed(op) for op in written if values[op] != written[op]])
        return cls

    def __setattr__(cls, name: str, value: object) -> None:
        if name in EQUALITY:  # which @dataclass, for one, would set
            _refuse(cls.__name__, [REFUSED_ATTRIBUTES[name]])
        super().__setattr__(name, value)


if TYPE_CHECKING:
    _Metaclass = EnumMeta  # with another one, pyright and ty would not know the members' values
else:
    _Metaclass = LedgerOperationMeta


class BaseLedgerOperation(Enum, metaclass=_Metaclass):
    """Base class of every app's operation enum. Subclass it, or call `extend_enum`.

    Members compare by identity, so operations of different apps are never equal.
    """

    @staticmethod
    def _generate_next_value_(
        name: str, start: int, count: int, last_values: list[object]
    ) -> object:
        raise DefinitionError(
            f"{name} has no value of its own; write it as a string: {name} = {name!r}"
        )


OperationT = TypeVar("OperationT", bound=BaseLedgerOperation)
OperationT_co = TypeVar("OperationT_co", bound=BaseLedgerOperation, covariant=True)
"""For what is only read: a `Post` of one app's operations is also a `Post[BaseLedgerOperation]`."""


def advice_for_string(operations: type[BaseLedgerOperation], given: object) -> str:
    """Returns the end of a message about `given`, if it is the value or the name of a member."""
    for member in operations:
        if given in (member.value, member.name):
            return f": pass {operations.__name__}.{member.name}, not a string"
    return ""


def extend_enum(
    base: type[BaseLedgerOperation],
    name: str,
    extra: Mapping[str, str],
    *,
    module: str | None = None,
) -> type[BaseLedgerOperation]:
    """Returns an operation enum with the operations of `base`, followed by those in `extra`.

    `base` is BaseLedgerOperation, for the shared operations, or another operation enum, whose
    family the result belongs to. Python does not allow an enum with members to be subclassed, so
    the result is always a subclass of BaseLedgerOperation itself, with members of its own.

    `extra` maps names to values. The result is the same as that of a class statement that lists
    all of these operations. `name` must be the variable that the class is assigned to, in
    `module` (by default, the caller's module); otherwise its members cannot be pickled.

    Raises DefinitionError if `extra` repeats a name or value of `base`, or if a name or value is
    invalid.
    """
    inherited = _inherited(base, name)
    for member, value in extra.items():
        if problem := _extra_problem(base, inherited, member, value):
            raise DefinitionError(f"{name}: {problem}")
    caller = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # as enum itself does
    where = module or caller.f_globals.get("__name__")
    if not isinstance(where, str) or (module is not None and module not in sys.modules):
        raise DefinitionError(
            f"{name}: {where!r} is not a module that is imported, so the operations could not be "
            "pickled; pass module=__name__ from the module that has the variable"
        )
    # The functional API, in which calling the enum class with members returns a new class:
    # https://docs.python.org/3/howto/enum.html#functional-api
    create: Any = BaseLedgerOperation
    members = {**inherited, **extra}
    extended: type[BaseLedgerOperation] = create(name, members, module=where, qualname=name)
    return extended


def _inherited(base: type[BaseLedgerOperation], name: str) -> dict[str, str]:
    """Returns the values of the operations of `base`, by name."""
    if base is BaseLedgerOperation:
        return {shared: shared for shared in SHARED_OPERATIONS}
    if not isinstance(base, LedgerOperationMeta):
        raise DefinitionError(
            f"{name}: {base!r} is not an operation enum, so it cannot be extended; use "
            "BaseLedgerOperation, or an enum that is derived from it"
        )
    return {member: operation.value for member, operation in base.__members__.items()}


def _extra_problem(
    base: type[BaseLedgerOperation], inherited: Mapping[str, str], member: str, value: str
) -> str | None:
    """Returns the problem of an operation that is added to those of `base`."""
    if member in SHARED_OPERATIONS or value in SHARED_OPERATIONS:
        return (
            f"{member} = {value!r} collides with a shared operation; "
            "remove it (every app has it already) or rename it"
        )
    for other, taken in inherited.items():
        if member == other or value == taken:
            return (
                f"{member} = {value!r} collides with {other} = {taken!r} of {base.__name__}; "
                "remove it (the result has that operation already) or rename it"
            )
    if not member.isidentifier() or keyword.iskeyword(member) or member.startswith("_"):
        return (
            f"{member!r} is not a valid operation name; use an identifier that is not "
            "a keyword and does not start with an underscore"
        )
    return None


def _members_as_written(name: str, namespace: Any) -> dict[str, object]:
    """Returns the members of the class `name` with the values that the class body gives them."""
    names = list(namespace._member_names)
    if sys.version_info < (3, 11):  # which also makes members of private names, such as __x
        names = [member for member in names if not member.startswith(f"_{name.lstrip('_')}__")]
        namespace._member_names = names
    _refuse(name, [deleted(member) for member in names if member not in namespace])
    return {member: namespace[member] for member in names}


def _values(cls: EnumMeta) -> dict[str, object]:
    members: dict[str, Any] = dict(cls.__members__)  # typeshed declares the values as classes
    return {name: member.value for name, member in members.items()}


def _refuse(name: str, problems: list[str]) -> None:
    if problems:
        raise DefinitionError(f"{name} is not a valid operation enum: " + "; ".join(problems))


MYPY = False  # mypy takes this name for True
if MYPY:
    # Most apps look correct to mypy without the ledger plugin, so that must be an error. The plugin
    # changes the type that this function returns.
    def mypy_plugin() -> Literal["mypy runs without the ledger plugin: see docs/typing.md"]: ...

    # pyrefly: ignore[bad-assignment]
    _state: Literal["loaded"] = mypy_plugin()  # pyright: ignore[reportAssignmentType]  # no plugins
