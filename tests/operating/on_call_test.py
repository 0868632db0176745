"""The commands on the page for the engineer on call work, and the codes that it names exist."""

import re
from pathlib import Path

import pytest

from core.ledgers.errors import LedgerError
from core.service.problems import internal_error
from core.testing.databases import Databases, execute

PAGE = Path("docs/operating/README.md").read_text()
QUERIES = [
    *re.findall(r"^```sql\n(.*?);\n```", PAGE, re.MULTILINE | re.DOTALL),
    *(query for query in re.findall(r"`(SELECT [^`]*)`", PAGE) if "terminate" not in query),
]


@pytest.mark.parametrize("query", QUERIES)
def test_each_query_runs(databases: Databases, query: str) -> None:
    assert len(QUERIES) >= 4
    execute(databases.empty(), query.replace("%", "%%"))


def test_each_code_of_an_error_is_one_that_a_service_sends() -> None:
    codes = re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE)

    def subclasses(error: type[LedgerError]) -> set[str]:
        return {error.code}.union(*map(subclasses, error.__subclasses__()))

    assert codes.pop(0) == "code"  # the head of the table
    assert len(codes) >= 6
    assert set(codes) <= subclasses(LedgerError) | {internal_error().code}
