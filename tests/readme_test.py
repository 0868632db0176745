"""The README's tables are complete.

tests/apps/content tests its example requests, and tests/monorepo its instructions for apps.
"""

import re
from pathlib import Path

import pytest

from core.ledgers.errors import LedgerError
from core.settings.groups import GROUPS

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


@pytest.mark.parametrize("code", ["database_unavailable", "database_not_migrated"])
def test_the_error_codes_are_those_of_the_library(code: str) -> None:
    assert f"`{code}`" in README
    assert code in {error.code for error in LedgerError.__subclasses__()}
