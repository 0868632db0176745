"""Every link of the documentation leads to a file, and to a heading where it names one."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from monorepo.workspace import Workspace

LINK = re.compile(r"\[[^\]]*\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("workspace"))


def anchors(document: Path) -> set[str]:
    """The anchors that a repository host makes of the headings."""
    headings = HEADING.findall(document.read_text())
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(document: Path) -> Iterator[str]:
    for path, anchor in LINK.findall(CODE.sub("code", document.read_text())):
        target = document.parent / path if path else document
        if not target.exists():
            yield f"{document}: {path} does not exist"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            yield f"{document}: {path or 'this page'} has no heading #{anchor}"


def test_every_link_leads_somewhere(workspace: Workspace) -> None:
    documents = list(workspace.root.glob("**/*.md"))
    assert len(documents) > 10
    assert [problem for document in documents for problem in broken(document)] == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A page\n[one](none.md) [two](#a-page) [three](#nowhere) [four](page.md#a-page)\n"
    )
    assert [problem.split(": ")[1] for problem in broken(page)] == [
        "none.md does not exist",
        "this page has no heading #nowhere",
    ]
