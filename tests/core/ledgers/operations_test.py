"""The enum contract, at run time. What a type checker says of it is in tests/type_checking."""

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


def test_the_shared_operations_and_their_amounts() -> None:
    assert SHARED_OPERATIONS == {
        "DAILY_REWARD": 1,
        "SIGNUP_CREDIT": 3,
        "CREDIT_SPEND": -1,
        "CREDIT_ADD": 10,
    }


@both_forms
def test_both_forms_are_true_enums(operations: type[BaseLedgerOperation]) -> None:
    assert issubclass(operations, BaseLedgerOperation) and issubclass(operations, Enum)
    assert [operation.value for operation in operations] == [*SHARED_OPERATIONS, "CONTENT_CREATION"]
    assert operations("CREDIT_ADD") is operations["CREDIT_ADD"]


@both_forms
def test_members_pickle_and_copy(operations: type[BaseLedgerOperation]) -> None:
    for operation in operations:
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(operation, protocol)) is operation
        assert copy.copy(operation) is copy.deepcopy(operation) is operation


def test_members_of_different_apps_are_never_equal() -> None:
    mine: list[object] = [*ClassForm]
    assert not any(one == other for one in mine for other in CallForm)
    assert len({*ClassForm, *CallForm}) == 10


def test_a_class_names_every_missing_operation() -> None:
    with pytest.raises(DefinitionError) as refusal:

        class BadOperation(BaseLedgerOperation):  # type: ignore[ledger-operation]  # what is tested
            CONTENT_CREATION = "CONTENT_CREATION"

    for name in SHARED_OPERATIONS:
        assert name in str(refusal.value)
    assert "BadOperation" in str(refusal.value)
    assert isinstance(refusal.value, LedgerError) and refusal.value.code == "invalid_definition"


SHARED = {name: name for name in SHARED_OPERATIONS}


@pytest.mark.parametrize(
    "members, message",
    [
        ({**SHARED, "CREDIT_ADD": "OTHER"}, "CREDIT_ADD is shared and must be 'CREDIT_ADD'"),
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
def test_the_contract_holds_for_the_functional_api_too(
    members: dict[str, object], message: str
) -> None:
    create: type = BaseLedgerOperation
    with pytest.raises(DefinitionError, match=message.replace("(", r"\(")):
        create("Refused", members)


def test_a_mixed_in_type_is_refused() -> None:
    with pytest.raises(DefinitionError, match="mixes in another type"):

        class Mixed(str, BaseLedgerOperation):  # type: ignore[ledger-operation]  # what is tested
            DAILY_REWARD = "DAILY_REWARD"
            SIGNUP_CREDIT = "SIGNUP_CREDIT"
            CREDIT_SPEND = "CREDIT_SPEND"
            CREDIT_ADD = "CREDIT_ADD"


def test_a_complete_enum_cannot_be_extended_further() -> None:
    with pytest.raises(TypeError):

        class More(ClassForm):  # type: ignore[misc]  # what is tested
            MORE = "MORE"


@pytest.mark.parametrize(
    "extra",
    [
        {"CREDIT_ADD": "CREDIT_ADD"},
        {"CREDIT_ADD": "SOMETHING"},
        {"SOMETHING": "CREDIT_ADD"},
    ],
)
def test_extend_enum_refuses_a_collision(extra: dict[str, str]) -> None:
    with pytest.raises(DefinitionError, match="collides with a shared operation; remove it"):
        extend_enum(BaseLedgerOperation, "Refused", extra)


@pytest.mark.parametrize("name", ["", "not a name", "class", "_private", "__dunder__"])
def test_extend_enum_refuses_what_cannot_name_a_member(name: str) -> None:
    with pytest.raises(DefinitionError, match="cannot name an operation; rename it"):
        extend_enum(BaseLedgerOperation, "Refused", {name: "VALUE"})


def test_extend_enum_with_nothing_extra_has_the_shared_operations() -> None:
    plain = extend_enum(BaseLedgerOperation, "Plain", {})
    assert [operation.name for operation in plain] == list(SHARED_OPERATIONS)


def test_extend_enum_knows_its_module() -> None:
    assert (CallForm.__module__, CallForm.__qualname__) == (__name__, "CallForm")
    elsewhere = extend_enum(BaseLedgerOperation, "Elsewhere", {}, module="some.module")
    assert elsewhere.__module__ == "some.module"
