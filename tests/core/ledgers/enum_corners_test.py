"""Unusual operation enums: each is supported or refused, the same on every version of Python.

type_checking/class_body.md has the same classes, and what the mypy plugin says about them.
"""

import enum
from dataclasses import dataclass
from functools import partial, partialmethod
from typing import Any

import pytest

from core.ledgers.errors import DefinitionError
from core.ledgers.operations import SHARED_OPERATIONS, BaseLedgerOperation, extend_enum

SHARED = [f"{name} = {name!r}" for name in SHARED_OPERATIONS]


class Labelled:
    """A mixin that only adds a method."""

    def label(self) -> str:
        return "label"


class AlwaysEqual:
    def __eq__(self, other: object) -> bool:
        return True


@dataclass(eq=False)
class Data:
    label: str


def define(*body: str, bases: str = "BaseLedgerOperation") -> list[str]:
    """Defines an enum with the statements in `body`; returns the names of its own members."""
    module: dict[str, Any] = {**globals(), "partial": partial, "partialmethod": partialmethod}
    exec("\n    ".join([f"class Operation({bases}):", *body]), module)
    return [member.name for member in module["Operation"] if member.name not in SHARED_OPERATIONS]


@pytest.mark.parametrize(
    "statement",
    [
        "label: str",
        "label = property(lambda self: self.value.lower())",
        "label = partialmethod(str)",
        "def label(self): return 'label'",
        "label = lambda self: 'label'",
        "@classmethod\n    def _missing_(cls, value): return cls.CREDIT_ADD",
        "def __init__(self, value): self.label = value.lower()",
        "_ignore_ = ['later']; later = 5",
    ],
)
def test_what_is_not_an_operation_is_supported(statement: str) -> None:
    assert define(statement, *SHARED, "REFUND = 'refund'") == ["REFUND"]


@pytest.mark.filterwarnings("ignore:private variables:DeprecationWarning")  # of Python 3.10
def test_a_private_name_is_not_an_operation() -> None:
    assert define(*SHARED, "__hidden = 5") == []


@pytest.mark.skipif(not hasattr(enum, "nonmember"), reason="since Python 3.11")
def test_a_nonmember_is_not_an_operation() -> None:
    assert define(*SHARED, "label = enum.nonmember(5)") == []


def test_a_mixin_may_add_methods() -> None:
    assert define(*SHARED, "REFUND = 'refund'", bases="Labelled, BaseLedgerOperation") == ["REFUND"]


@pytest.mark.parametrize(
    "mixed_in", ["str", "int", "Data", "AlwaysEqual", "enum.Flag", "enum.IntFlag", "enum.IntEnum"]
)
def test_any_other_mixin_is_refused(mixed_in: str) -> None:
    with pytest.raises(DefinitionError, match="it mixes in another type, .* remove that type"):
        define(*SHARED, bases=f"{mixed_in}, BaseLedgerOperation")


@pytest.mark.filterwarnings("ignore:In 3.13 classes created inside an enum:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:functools.partial will be a method:FutureWarning")
@pytest.mark.parametrize(
    "statement, message",
    [
        ("REFUND = enum.auto()", "REFUND has no value of its own; write it as a string"),
        ("def _generate_next_value_(name, *rest): return name", "write each value as a string"),
        ("def __new__(cls, value): return object.__new__(cls)", "it defines __new__, which can"),
        ("def __eq__(self, other): return True", "it defines __eq__, .* could be equal; remove"),
        ("def __ne__(self, other): return False", "it defines __ne__, .* could be equal; remove"),
        ("def __hash__(self): return 1", "it defines __hash__, .* could be equal; remove it"),
        ("def __init__(self, value): self._value_ = 1", "the value of CREDIT_ADD is changed"),
        ("name = 'name'", "it defines name, which every operation has already"),
        ("value = property(str)", "it defines value, which every operation has already"),
        ("mro = 'mro'", "it defines mro, which every class has already"),
        ("_ignore_ = ['REFUND']; REFUND = 'refund'", "REFUND is in _ignore_, so it would not be"),
        ("REFUND = 'refund'; del REFUND", "REFUND is deleted after its definition"),
        ("class Refund: pass", "Refund is a class or a partial, which only some versions"),
        ("refund = partial(str)", "refund is a class or a partial, which only some versions"),
        ("REFUND = 5", "the value of REFUND must be a string, not 5"),
    ],
)
def test_what_could_be_mistaken_is_refused(statement: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        define(statement, *SHARED)


@pytest.mark.parametrize("keyword", ["label='label'", "boundary=5"])
def test_class_keywords_are_refused(keyword: str) -> None:
    with pytest.raises(DefinitionError, match="it has class keywords; remove them"):
        define(*SHARED, bases=f"BaseLedgerOperation, {keyword}")


@pytest.mark.parametrize("name", ["name", "value", "mro"])
def test_extend_enum_refuses_the_same_names(name: str) -> None:
    with pytest.raises(DefinitionError, match=f"it defines {name}, which every"):
        extend_enum(BaseLedgerOperation, "Operation", {name: name})


def test_a_dataclass_is_refused() -> None:
    class Operation(BaseLedgerOperation):
        DAILY_REWARD = "DAILY_REWARD"
        SIGNUP_CREDIT = "SIGNUP_CREDIT"
        CREDIT_SPEND = "CREDIT_SPEND"
        CREDIT_ADD = "CREDIT_ADD"

    decorator: Any = dataclass
    with pytest.raises(DefinitionError, match="it defines __(eq|hash)__, .* could be equal"):
        decorator(Operation)


@pytest.mark.parametrize("name", ["__eq__", "__ne__", "__hash__"])
def test_equality_cannot_be_replaced_later(name: str) -> None:
    operations = extend_enum(BaseLedgerOperation, "Operation", {})
    with pytest.raises(DefinitionError, match=f"it defines {name}, .* could be equal"):
        setattr(operations, name, lambda *_: True)
