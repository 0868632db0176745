"""docs/monorepo.md shows what a change affects: as a diagram, and in a table."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath

import pytest

from monorepo.drawn_dependents import diagram
from monorepo.selections import (
    NEED_NO_LEDGER,
    README_TESTS,
    SERVICE_TESTS,
    TYPE_EXAMPLES,
    affected,
    all_targets,
    app_tests,
    append_comment,
    documents_of,
    package_of,
)
from monorepo.workspace import Workspace

PAGE = (Path(__file__).parents[2] / "docs/monorepo.md").read_text()
CHANGED = "src/python/apps/travel/operations.py"
TABLE = PAGE.partition("| change |")[2].partition("\n\n")[0].splitlines()[2:]
ROWS = [tuple(row.strip("| ").split(" | ")) for row in TABLE]
APPS = ("content", "travel")  # those of the copy


def test_the_diagram_shows_everything_that_is_affected(workspace: Workspace) -> None:
    append_comment(workspace, CHANGED)
    peeked = workspace.output("--changed-since=HEAD", "--changed-dependents=transitive", "peek")
    drawn = diagram(json.loads(peeked), CHANGED)
    [shown] = re.findall(r"^```mermaid\n(.*?)\n```", PAGE, re.MULTILINE | re.DOTALL)
    assert shown == drawn, f"The diagram in docs/monorepo.md must be:\n{drawn}"
    assert "content" not in drawn


def files(change: str) -> Iterator[str]:
    """The files that a row names. One without a folder is in the folder of the one before."""
    if change.startswith("a revision of travel"):
        yield "alembic/travel/versions/*_create_the_ledger.py"
    folder = PurePath()
    for name in re.findall(r"`(.*?)`", change):
        path = PurePath(name) if "/" in name else folder / name
        folder = path.parent
        yield str(path)


def selected_tests(workspace: Workspace) -> Mapping[str, set[str]]:
    """What the words of the table mean in the copy."""
    documents = documents_of("content") | documents_of("travel")
    packages = {f"tests/apps/{app}:package" for app in APPS}
    return {
        "none": set(),
        "travel's": app_tests("travel") | documents_of("travel"),
        "travel's, but not `travel_documents_test.py`": app_tests("travel"),
        "`travel_package_test.py`": {"tests/apps/travel:package"},
        "`travel_documents_test.py`": documents_of("travel"),
        "core's tests that run a service or another program, each app's "
        "`<app>_package_test.py` and `<app>_documents_test.py`": documents
        | packages
        | SERVICE_TESTS,
        "all that need a ledger": only_tests(all_targets(workspace) - NEED_NO_LEDGER),
        "those of its examples and tables": README_TESTS,
        "those of its examples": TYPE_EXAMPLES,
    }


def only_tests(targets: set[str]) -> set[str]:
    return {name for name in targets if name.startswith("tests")}


MIGRATIONS: Mapping[str, set[str]] = {
    "none": set(),
    "travel's": {"alembic/travel:travel"},
    "all": {f"alembic/{app}:{app}" for app in APPS},
}
PACKAGES: Mapping[str, set[str]] = {
    "none": set(),
    "travel's": package_of("travel") - app_tests("travel"),
    "all apps'": {f"src/python/apps/{app}:pex" for app in APPS},
}


@pytest.mark.parametrize(
    "name, row", [(name, row) for row in ROWS for name in files(row[0])], ids=str
)
def test_a_change_selects_what_the_table_says(
    workspace: Workspace, name: str, row: tuple[str, ...]
) -> None:
    _, tests, migrations, packages = row
    expected = selected_tests(workspace)[tests] | MIGRATIONS[migrations] | PACKAGES[packages]
    append_comment(workspace, name)
    assert affected(workspace) == expected
