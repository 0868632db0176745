"""The README's tables are complete.

tests/apps/content tests its example requests, and tests/monorepo its instructions for apps.
"""

import re
from pathlib import Path

import pytest

from core.client.answers import AppAnswers
from core.client.exceptions import UnknownProblem
from core.client.json_fields import Fields
from core.client.plain_problems import PLAIN
from core.client.problem_answers import problem_of
from core.ledgers.errors import LedgerError
from core.ledgers.operations import SHARED_OPERATIONS
from core.settings.groups import GROUPS
from sample.operations import SampleOperation

README = Path("README.md").read_text()


def test_every_setting_is_listed_with_its_default_and_description() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", README, re.MULTILINE))
    fields = {name: field for group in GROUPS for name, field in group.model_fields.items()}
    computed = {"request_timeout": "`CONNECT_TIMEOUT` + `STATEMENT_TIMEOUT`"}
    assert rows == {
        name.upper(): computed.get(name) or f"`{field.default}`".replace("`None`", "none")
        for name, field in fields.items()
    }
    for field in fields.values():
        assert f"| {field.description} |" in README


def test_the_shared_operations_have_the_amounts_that_are_shown() -> None:
    [sentence] = re.findall(r"four shared operations: (.*?)\. ", README, re.DOTALL)
    shown = re.findall(r"`([A-Z_]+)`\s+\((-?\d+)", sentence)
    assert {name: int(amount) for name, amount in shown} == SHARED_OPERATIONS


@pytest.mark.parametrize("code", ["database_unavailable", "database_not_migrated"])
def test_the_error_codes_are_those_of_the_library(code: str) -> None:
    assert f"`{code}`" in README
    assert code in {error.code for error in LedgerError.__subclasses__()}


def test_each_code_of_a_problem_has_an_exception_of_the_client() -> None:
    table = re.findall(r"^\| [45][0-9, ]* \| (`.*?) \|", README, re.MULTILINE)
    codes = {code for cell in table for code in re.findall("`([a-z_]+)`", cell)}
    assert {*PLAIN} <= codes
    entry = {"id": 1, "operation": "CREDIT_ADD", "amount": 10, "nonce": "1", "owner_id": "ann"}
    entry["created_on"] = "2026-11-23T01:06:53Z"
    fields = {
        **{"status": 400, "title": "Bad Request", "detail": "Because", "errors": []},
        **{"amount": 1, "balance": 1, "allowed": 1, "operation": "CREDIT_ADD"},
        **{"entry": entry, "entries": [entry]},
    }
    for code in codes:
        raised = problem_of(Fields({**fields, "code": code}), AppAnswers(SampleOperation))
        assert raised.code == code and not isinstance(raised, UnknownProblem)
