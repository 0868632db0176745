"""The contract of operation enums: rules for the class statement, and rules for the members.

The rules take names and values rather than a class, so that the mypy plugin can apply them to
source code.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from functools import partial
from typing import Any, Final

# The longest enum label in PostgreSQL: https://www.postgresql.org/docs/current/datatype-enum.html
_MAX_VALUE_BYTES = 63

EQUALITY: Final = ("__eq__", "__ne__", "__hash__")
_COULD_BE_EQUAL = "so operations of different apps could be equal"

MIXES_IN: Final = f"it mixes in another type, {_COULD_BE_EQUAL}; remove that type"
"""The problem of a base class that is another enum or a dataclass, or has a refused attribute."""

REFUSED_ATTRIBUTES: Final[Mapping[str, str]] = {
    "__new__": "it defines __new__, which can change the values of operations; remove it",
    **{name: f"it defines {name}, {_COULD_BE_EQUAL}; remove it" for name in EQUALITY},
    "_generate_next_value_": "it defines _generate_next_value_, which computes values; remove it, "
    "and write each value as a string",
    "name": "it defines name, which every operation has already; use another name",
    "value": "it defines value, which every operation has already; use another name",
    "mro": "it defines mro, which every class has already; use another name",
}
"""What an operation enum must not define, as a member or otherwise, and why."""

IS_DATACLASS: Final = f"it is a dataclass, {_COULD_BE_EQUAL}; remove the decorator"
REFUSED_KEYWORDS: Final = "it has class keywords; remove them"


def mixing_problems(bases: Iterable[type], root: type, keywords: Mapping[str, object]) -> list[str]:
    """Describes the problems of a class statement with `bases` and `keywords`.

    Base classes other than `root` may only add methods.
    """
    mixins = {mixin for base in bases for mixin in base.__mro__} - set(root.__mro__)
    mixes_in = any(_mixes_in(mixin) for mixin in mixins if not issubclass(mixin, root))
    has_keywords = any(value is not None for value in keywords.values())  # enum passes a None
    return [*[MIXES_IN] * mixes_in, *[REFUSED_KEYWORDS] * has_keywords]


def statement_problems(own: Mapping[str, Any]) -> list[str]:
    """Describes the problems of a class body that defines `own`, before the class exists."""
    return [
        *(REFUSED_ATTRIBUTES[name] for name in own if name in REFUSED_ATTRIBUTES),
        *(unsettled(name) for name, value in own.items() if isinstance(value, (type, partial))),
        *(ignored(name) for name in own.get("_ignore_", ()) if isinstance(own.get(name), str)),
    ]


def unsettled(name: str) -> str:
    return (
        f"{name} is a class or a partial, which only some versions of Python take for a member; "
        "define it outside the enum"
    )


def ignored(name: str) -> str:
    return f"{name} is in _ignore_, so it would not be an operation; remove it from _ignore_"


def deleted(name: str) -> str:
    return f"{name} is deleted after its definition; remove both"


def changed(name: str) -> str:
    return f"the value of {name} is changed while the class is created; write the final value"


def member_problems(members: Mapping[str, object], shared: Iterable[str]) -> list[str]:
    """Describes each problem with the values of `members`, and how to fix it."""
    shared = list(shared)
    problems: list[str] = []
    missing = [name for name in shared if name not in members]
    if missing:
        problems.append(f"it lacks {', '.join(missing)}; add each as NAME = 'NAME'")
    first: dict[str, str] = {}  # the name of the first member that has a value
    for name, value in members.items():
        if type(value) is not str:
            problems.append(f"the value of {name} must be a string, not {value!r}")
        elif first.setdefault(value, name) != name:
            problems.append(f"{name} is an alias of {first[value]}; give it a value of its own")
        elif name in shared and value != name:
            problems.append(
                f"{name} is a shared operation, so its value must be {name!r}, not {value!r}"
            )
        elif name not in shared and value in shared:
            problems.append(
                f"{name} has the value of the shared operation {value}; give it another value"
            )
        elif not _is_storable(value):
            problems.append(
                f"the value of {name} must be 1 to {_MAX_VALUE_BYTES} bytes of printable text, "
                f"not {value!r}"
            )
    return problems


def _mixes_in(mixin: type) -> bool:
    own = vars(mixin)
    return (
        issubclass(mixin, Enum)
        or "__dataclass_fields__" in own
        or any(name in own for name in REFUSED_ATTRIBUTES)
    )


def _is_storable(value: str) -> bool:
    encoded = value.encode("utf-8", "replace")
    return 0 < len(encoded) <= _MAX_VALUE_BYTES and value.isprintable()
