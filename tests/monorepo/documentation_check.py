"""What the documentation names exists: the target of every link, paths, targets and settings."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from monorepo.workspace import Workspace

LINK = re.compile(r"\[[^\]]*\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
PATH = re.compile(
    r"(?<![\w/.-])((?:src|tests|docs|alembic|scripts|pants-plugins|3rdparty|deploy|\.ci|\.github)"
    r"/[\w./<>*$-]*)(?::([\w-]+))?"
)
# Patterns, what examples add, and the example app that the copy lacks.
MADE_UP = re.compile(r"[<>*$]|\b(shop|store|chat)\b|publish\.py|travel\.(lock|pins)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy with apps of its own, so that the checks pass whichever apps the workspace has."""
    copy = Workspace(tmp_path_factory.mktemp("workspace"))
    copy.replace_apps()
    return copy


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


def pages(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """The name and the text of each page for people, in which a path has to exist."""
    for path in workspace.root.glob("**/*.md"):
        name = str(path.relative_to(workspace.root))
        if not name.startswith(("CHANGELOG", "docs/adr", "tests/")):
            yield name, path.read_text()


def declares(workspace: Workspace, folder: Path, target: str) -> bool:
    """Whether the folder's BUILD file has the target, or one line of it that stands for several."""
    text = (folder / "BUILD").read_text()
    macros = (workspace.root / "pants-plugins/prelude.py").read_text()
    return f'name="{target}"' in (text + macros if "ledger_" in text else text)


def test_every_path_and_target_exists(workspace: Workspace) -> None:
    missing = []
    for page, text in pages(workspace):
        named = {(path, target) for path, target in PATH.findall(text) if not MADE_UP.search(path)}
        assert named or page not in ("README.md", "CONTRIBUTING.md", "docs/monorepo.md")
        for path, target in named:
            there = workspace.root / path.rstrip("/.")
            if not there.exists() or (target and not declares(workspace, there, target)):
                missing.append(f"{page}: {path}{target and ':'}{target}")
    assert missing == []


def test_contributing_names_every_package_of_core(workspace: Workspace) -> None:
    folders = {build.parent.name for build in workspace.root.glob("src/python/core/*/BUILD")}
    text = (workspace.root / "CONTRIBUTING.md").read_text()
    assert set(re.findall(r"^\| `src/python/core/(\w+)/`", text, re.MULTILINE)) == folders


def test_contributing_names_what_ci_runs(workspace: Workspace) -> None:
    script = (workspace.root / ".ci/run").read_text()
    [sentence] = re.findall(
        r"^It runs .*?\.$", (workspace.root / "CONTRIBUTING.md").read_text(), re.M | re.S
    )
    ran = re.findall(
        r"^ *((?:TEST_PACKAGES=yes )?(?:\./pants|scripts/)(?!.*>/dev/null).*)", script, re.MULTILINE
    )
    commands = {re.sub(r" --python-\S+", "", command) for command in ran}
    assert {*re.findall(r"`(.*?)`", sentence)} == commands


def test_the_settings_of_mypy_are_those_shown(workspace: Workspace) -> None:
    page = (workspace.root / "docs/typing.md").read_text()
    [shown] = re.findall(r"^```ini\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    settings = (workspace.root / "mypy.ini").read_text().splitlines()
    lines = [line for line in shown.splitlines() if line]
    assert lines == [line for line in settings if line in lines]


def test_the_wheel_of_the_client_has_the_name_shown(workspace: Workspace) -> None:
    project = (workspace.root / "src/python/core/client/pyproject.toml").read_text()
    name, version = re.findall(r'^(?:name|version) = "(.*)"', project, re.MULTILINE)
    page = (workspace.root / "docs/client.md").read_text()
    assert f"Wrote dist/{name.replace('-', '_')}-{version}-py3-none-any.whl\n" in page
