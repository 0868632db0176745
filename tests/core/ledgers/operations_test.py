"""The enum contract at run time. tests/type_checking covers what type checkers report."""

import copy
import pickle
from enum import Enum

import pytest

from core.ledgers.errors import DefinitionError, LedgerError
from core.ledgers.operations import SHARED_OPERATIONS, BaseLedgerOperation, extend_enum


class ClassForm(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"
    CONTENT_CREATION = "CONTENT_CREATION"


CallForm = extend_enum(BaseLedgerOperation, "CallForm", {"CONTENT_CREATION": "CONTENT_CREATION"})

both_forms = pytest.mark.parametrize("operations", [ClassForm, CallForm])


def test_each_shared_operation_has_its_default_amount() -> None:
    assert SHARED_OPERATIONS == {
        "DAILY_REWARD": 1,
        "SIGNUP_CREDIT": 3,
        "CREDIT_SPEND": -1,
        "CREDIT_ADD": 10,
    }


@both_forms
def test_both_forms_are_real_enums(operations: type[BaseLedgerOperation]) -> None:
    assert issubclass(operations, BaseLedgerOperation) and issubclass(operations, Enum)
    assert [operation.value for operation in operations] == [*SHARED_OPERATIONS, "CONTENT_CREATION"]
    assert operations("CREDIT_ADD") is operations["CREDIT_ADD"]


@both_forms
def test_members_can_be_pickled_and_copied(operations: type[BaseLedgerOperation]) -> None:
    for operation in operations:
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(operation, protocol)) is operation
        assert copy.copy(operation) is copy.deepcopy(operation) is operation


def test_members_of_different_apps_are_never_equal() -> None:
    members: list[object] = [*ClassForm]
    assert not any(member == other for member in members for other in CallForm)
    assert len({*ClassForm, *CallForm}) == 10


def test_the_error_names_every_missing_shared_operation() -> None:
    with pytest.raises(DefinitionError) as refusal:

        class BadOperation(BaseLedgerOperation):  # type: ignore[ledger-operation]  # on purpose
            CONTENT_CREATION = "CONTENT_CREATION"

    for name in SHARED_OPERATIONS:
        assert name in str(refusal.value)
    assert "BadOperation" in str(refusal.value)
    assert isinstance(refusal.value, LedgerError) and refusal.value.code == "invalid_definition"


SHARED = {name: name for name in SHARED_OPERATIONS}


@pytest.mark.parametrize(
    "members, message",
    [
        ({**SHARED, "CREDIT_ADD": "OTHER"}, "its value must be 'CREDIT_ADD'"),
        ({**SHARED, "A": "x", "B": "x"}, "B is an alias of A"),
        ({**SHARED, "A": ""}, "A must be 1 to 63 bytes"),
        ({**SHARED, "A": "é" * 32}, "A must be 1 to 63 bytes"),
        ({**SHARED, "A": "a\0b"}, "A must be 1 to 63 bytes"),
        ({**SHARED, "A": "\ud800"}, "A must be 1 to 63 bytes"),
        ({**SHARED, "A": 1}, "A must be a string, not 1"),
        ({**SHARED, "A": None}, "A must be a string, not None"),
        ({**SHARED, "A": "CREDIT_ADD"}, "A is an alias of CREDIT_ADD"),
        ({}, "it lacks DAILY_REWARD, SIGNUP_CREDIT, CREDIT_SPEND, CREDIT_ADD"),
    ],
)
def test_the_functional_api_enforces_the_contract_too(
    members: dict[str, object], message: str
) -> None:
    create: type = BaseLedgerOperation
    with pytest.raises(DefinitionError, match=message.replace("(", r"\(")):
        create("Refused", members)


def test_a_mixed_in_data_type_is_refused() -> None:
    with pytest.raises(DefinitionError, match="mixes in another type"):

        class Mixed(str, BaseLedgerOperation):  # type: ignore[ledger-operation]  # on purpose
            DAILY_REWARD = "DAILY_REWARD"
            SIGNUP_CREDIT = "SIGNUP_CREDIT"
            CREDIT_SPEND = "CREDIT_SPEND"
            CREDIT_ADD = "CREDIT_ADD"


def test_an_enum_with_members_cannot_be_subclassed() -> None:
    with pytest.raises(TypeError):

        class More(ClassForm):  # type: ignore[misc]  # on purpose
            MORE = "MORE"


@pytest.mark.parametrize(
    "extra",
    [
        {"CREDIT_ADD": "CREDIT_ADD"},
        {"CREDIT_ADD": "SOMETHING"},
        {"SOMETHING": "CREDIT_ADD"},
    ],
)
def test_extend_enum_refuses_a_collision_with_a_shared_operation(extra: dict[str, str]) -> None:
    with pytest.raises(DefinitionError, match="collides with a shared operation; remove it"):
        extend_enum(BaseLedgerOperation, "Refused", extra)


@pytest.mark.parametrize("name", ["", "not a name", "class", "_private", "__dunder__"])
def test_extend_enum_refuses_an_invalid_member_name(name: str) -> None:
    with pytest.raises(DefinitionError, match="is not a valid operation name; use an"):
        extend_enum(BaseLedgerOperation, "Refused", {name: "VALUE"})


def test_extend_enum_without_extra_operations_has_only_the_shared_ones() -> None:
    plain = extend_enum(BaseLedgerOperation, "Plain", {})
    assert [operation.name for operation in plain] == list(SHARED_OPERATIONS)


def test_extend_enum_sets_the_module_of_the_class() -> None:
    assert (CallForm.__module__, CallForm.__qualname__) == (__name__, "CallForm")
    elsewhere = extend_enum(BaseLedgerOperation, "Elsewhere", {}, module="core.ledgers.operations")
    assert elsewhere.__module__ == "core.ledgers.operations"


def test_extend_enum_refuses_a_module_in_which_members_could_not_be_found() -> None:
    with pytest.raises(DefinitionError, match="'nowhere' is not a module that is imported"):
        extend_enum(BaseLedgerOperation, "Elsewhere", {}, module="nowhere")
    nameless = {"extend_enum": extend_enum, "Base": BaseLedgerOperation}
    with pytest.raises(DefinitionError, match="None is not a module .* pass module=__name__"):
        exec("extend_enum(Base, 'Nameless', {})", nameless)
