"""`./pants operations`, run in a copy of the workspace."""

import re

import pytest

from monorepo.workspace import Workspace

PUBLISH = "src/python/apps/content/publish.py"
# With a statement that the Python of Pants cannot parse.
CODE = """
from apps.content.ledger import LEDGER
from apps.content.operations import ContentLedgerOperation

def publish(kind: str) -> None:
    match kind:
        case "article":
            LEDGER.request(
                owner_id="ann", operation=ContentLedgerOperation.CONTENT_CREATION, nonce="1"
            )
    print(getattr(ContentLedgerOperation, kind))
"""
UNRESOLVED = f"content: ? ← {PUBLISH}, line 11: print(getattr(ContentLedgerOperation, kind))"


@pytest.fixture
def publishing(workspace: Workspace) -> Workspace:
    """A workspace in which content's service posts CONTENT_CREATION itself."""
    workspace.write(PUBLISH, CODE)
    service = workspace.root / "src/python/apps/content/service.py"
    service.write_text("import apps.content.publish\n" + service.read_text())
    return workspace


def test_every_app_is_printed_with_what_posts(publishing: Workspace) -> None:
    lines = publishing.output("operations", "::").splitlines()
    assert f"content: CONTENT_CREATION −5 ← {PUBLISH}" in lines
    assert {"content: CREDIT_ADD 10", UNRESOLVED, "travel: LOYALTY_BONUS 2"} <= {*lines}
    assert "CONTENT_CREATION" not in publishing.output("operations", "--unused", "::")
    [setting] = [
        line
        for line in publishing.output("operations", "--keys", "::").splitlines()
        if not line.startswith("#")
    ]
    assert setting == "CONTENT_API_KEYS='content post:CONTENT_CREATION sha256:HASH'"


def test_the_lines_are_those_shown(publishing: Workspace) -> None:
    command = "operations", "src/python/apps/content::"
    page = (publishing.root / "docs/monorepo.md").read_text()
    [shown] = re.findall(rf"^\$ ./pants {' '.join(command)}\n(.*?)^```", page, re.M | re.S)
    printed = publishing.output(*command)
    assert shown == printed, f"docs/monorepo.md must show:\n{printed}"


def test_only_affected_apps_are_printed(workspace: Workspace) -> None:
    changed = ("--changed-since=HEAD", "--changed-dependents=transitive", "operations")
    assert "No apps are selected." in workspace.pants(*changed).stdout
    workspace.write(PUBLISH, CODE)
    lines = workspace.output(*changed).splitlines()
    assert UNRESOLVED in lines and {line.partition(":")[0] for line in lines} == {"content"}


def test_code_that_cannot_be_parsed_is_named(workspace: Workspace) -> None:
    workspace.write(PUBLISH, f"{CODE}def\n")
    result = workspace.pants("operations", "src/python/apps/content:")
    assert result.returncode == 1 and f"{PUBLISH}:12: invalid syntax" in result.stdout
