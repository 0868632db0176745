"""What `.ci/affected` selects for each kind of file: everything, nothing, or what depends on it."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest

from core.new_app.definition import new_app
from core.new_app.placing import DEPLOYMENT, place
from monorepo.workspace import AUTHOR, Workspace

EVERYTHING = (
    *(".ci/*", ".github/actions/*", ".github/workflows/*", "3rdparty/*", "scripts/*"),
    *("pants", "pants.toml", "pants-plugins/*", "BUILD", "Containerfile", "*pyproject.toml"),
    *("mypy.ini", ".flake8", ".editorconfig", ".gitignore", ".dockerignore", ".pre-commit*"),
    *("deploy/BUILD", "docs/BUILD", "src/python/core/BUILD", "src/python/apps/BUILD"),
    *("tests/BUILD", "tests/apps/BUILD", "tests/core/BUILD", "tests/monorepo/*"),
    *(f"src/python/core/{name}/*" for name in ("migration_check", "mypy_plugin", "new_app")),
)
NOTHING = (
    *("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/adr/*.md", "docs/console.png"),
    *(f"docs/{page}.md" for page in ("console", "database", "glossary", "monorepo")),
    *(".github/CODEOWNERS.example", ".github/pull_request_template.md"),
)


class Kind(NamedTuple):
    files: str
    """A pattern. Another one that is further up in the table takes precedence."""
    selects: tuple[str, ...]
    """Some of what a change of any of these files must select."""


TESTS = ("tests/apps/travel/travel_ledger_test.py", "tests/apps/travel/travel_migrations_test.py")
MIGRATIONS = ("alembic/travel:travel", *TESTS, "tests/apps/travel:package")
TRAVEL = (*MIGRATIONS, "src/python/apps/travel:pex")
SAMPLE = ("tests/core/cli/commands_test.py", "tests/operating/deployment_test.py")
SOME = (
    Kind("alembic/travel/versions/*.py", TRAVEL),
    Kind("alembic/travel/*.py", TRAVEL),
    Kind("alembic/travel/alembic.ini", TRAVEL),
    Kind("alembic/travel/script.py.mako", TRAVEL),
    Kind("alembic/travel/BUILD", TRAVEL),
    Kind("alembic/content/*", ("alembic/content:content", "src/python/apps/content:pex")),
    Kind("src/python/apps/travel/operations.py", TRAVEL),
    Kind("src/python/apps/new_app.py", ("src/python/apps:new-app",)),
    Kind("src/python/apps/*", ("src/python/apps/content:pex", "tests/apps/content:package")),
    Kind("src/python/core/testing/conformance.py", TESTS[:1]),
    Kind("src/python/core/testing/pytest_fixtures.py", TESTS),
    Kind("src/python/core/py.typed", ("src/python/core/client:wheel",)),
    Kind("src/python/core/client/*", ("src/python/core/client:wheel", *TRAVEL[-2:])),
    Kind("src/python/core/*/BUILD", ("tests:packages", *TRAVEL[-2:])),
    Kind("src/python/core/ledgers/operations.py", (*TRAVEL, *SAMPLE)),
    Kind("src/python/core/console/*", ("tests/core/console:logic", *TRAVEL[-2:])),
    Kind("src/python/core/*.py", TRAVEL[-2:]),
    Kind("tests/apps/travel/BUILD", (*TESTS, "tests/apps/travel:documents")),
    Kind("tests/apps/packaging.py", ("tests/apps/travel:package", "tests/apps/content:package")),
    Kind("tests/conftest.py", (*TESTS, *SAMPLE)),
    Kind("tests/core/service/conftest.py", ("tests/core/service/batch_test.py",)),
    Kind("tests/sample/alembic.ini", SAMPLE),
    Kind("tests/sample/script.py.mako", SAMPLE),
    Kind("tests/sample/*", SAMPLE),
    Kind("tests/type_checking/*.md", ("tests/type_checking/cases_test.py",)),
    Kind("tests/benchmarks/*", ("tests/benchmarks/affected.py",)),
    Kind("tests/*", ()),  # tests and what they import, which select at least themselves
    Kind("README.md", ("tests:readme", "tests:packages")),
    Kind("docs/openapi/*", ("tests/apps/content:documents",)),
    Kind("docs/operations/*", ("tests/apps/content:documents",)),
    Kind("docs/operating/*", ("tests/operating/on_call_test.py",)),
    # The tests of these belong to the example apps, which are not in the copy.
    *(
        Kind(f"docs/{page}.md", (f"docs/{page}.md:pages",))
        for page in ("client", "command-line", "locking")
    ),
    Kind("docs/apps.md", ("tests/scripts:price-changes",)),
    Kind("docs/performance.*", ("tests/benchmarks/performance_page_test.py:tests",)),
    Kind("docs/security.md", ("tests/core/service/readme/routes_table_test.py",)),
    Kind("docs/typing.md", ("tests/type_checking:examples",)),
    Kind("deploy/*.yaml", ("tests/operating/deployment_test.py",)),
)


def matches(name: str, *patterns: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def tracked(workspace: Workspace) -> list[str]:
    return workspace.run("git", "ls-files").stdout.splitlines()


def of_kind(workspace: Workspace, kind: Kind) -> Iterator[str]:
    above = [each.files for each in SOME[: SOME.index(kind)]]
    for name in tracked(workspace):
        if matches(name, kind.files) and not matches(name, *EVERYTHING, *NOTHING, *above):
            yield name


def edit(workspace: Workspace, name: str) -> None:
    path = workspace.root / name
    path.write_bytes(path.read_bytes() + b"\n")


def printed(workspace: Workspace) -> str:
    return workspace.run(".ci/affected", "HEAD").stdout


def selected(workspace: Workspace) -> set[str]:
    arguments = printed(workspace).split()
    assert arguments[0].startswith("--changed-since=") and len(arguments) == 2, arguments
    return set(workspace.output(*arguments, "list").split())


def test_every_file_is_of_a_kind_in_these_tables(workspace: Workspace) -> None:
    """If this fails for a new kind of file, add it to the table of what it affects."""
    kinds = [*EVERYTHING, *NOTHING, *(kind.files for kind in SOME)]
    names = tracked(workspace)
    assert [name for name in names if not matches(name, *kinds)] == []
    assert [kind for kind in kinds if not any(matches(name, kind) for name in names)] == []
    assert [name for name in names if matches(name, *EVERYTHING) and matches(name, *NOTHING)] == []


def test_everything_is_selected_if_pants_cannot_see_what_a_change_affects(
    workspace: Workspace,
) -> None:
    for name in filter(lambda name: matches(name, *EVERYTHING), tracked(workspace)):
        text = (workspace.root / name).read_text()
        edit(workspace, name)
        reason = f"affected: everything, because {name} changed, which Pants cannot trace\n"
        assert printed(workspace) == f"{reason}::\n"
        (workspace.root / name).write_text(text)


@pytest.mark.parametrize("kind", SOME, ids=lambda kind: str(kind.files))
def test_what_depends_on_a_kind_of_file_is_selected(workspace: Workspace, kind: Kind) -> None:
    changed = next(of_kind(workspace, kind))
    edit(workspace, changed)
    found = selected(workspace)
    assert found and set(kind.selects) <= found, f"{changed} selects {sorted(found)}"


def test_what_nothing_depends_on_selects_nothing(workspace: Workspace) -> None:
    for name in filter(lambda name: matches(name, *NOTHING), tracked(workspace)):
        edit(workspace, name)
    assert selected(workspace) == set()


@pytest.mark.parametrize(
    "name", ["scripts/new", "new.cfg", "tests/tox.ini", "docs/.gitignore", "docs/a b", 'docs/"a']
)
def test_everything_is_selected_if_such_a_file_is_new(workspace: Workspace, name: str) -> None:
    workspace.write(name, "")
    assert printed(workspace).endswith("changed, which Pants cannot trace\n::\n")


@pytest.mark.parametrize("kind", ["lock", "pins", "txt"])
def test_an_apps_own_lock_does_not_select_everything(workspace: Workspace, kind: str) -> None:
    for name in {kind, "pins"}:
        workspace.write(f"3rdparty/python/travel.{name}", "")
    assert printed(workspace).startswith("--changed-since=")
    # Without content.pins, content has no lock of its own.
    workspace.write("3rdparty/python/content.txt", "")
    assert printed(workspace).endswith("content.txt changed, which Pants cannot trace\n::\n")


def test_a_new_app_does_not_select_everything(workspace: Workspace) -> None:
    place(new_app("shop", ["PURCHASE=-7"]), workspace.root)
    assert "SHOP_DATABASE_URL" in (workspace.root / DEPLOYMENT).read_text()
    assert printed(workspace).startswith("--changed-since=")
    edit(workspace, DEPLOYMENT)  # not only the line of the app
    assert printed(workspace).endswith(f"{DEPLOYMENT} changed, which Pants cannot trace\n::\n")


def test_a_rollback_selects_what_it_takes_back(workspace: Workspace) -> None:
    """The release that is deployed is newer than the one that takes its place."""
    edit(workspace, "src/python/apps/travel/ledger.py")
    workspace.run("git", *AUTHOR, "commit", "-qam", "newer")
    workspace.run("git", "tag", "deployed")
    workspace.run("git", "reset", "-q", "--hard", "HEAD~1")
    arguments = workspace.run(".ci/affected", "--deployed", "deployed").stdout.split()
    found = set(workspace.output(*arguments, "list").split())
    assert set(TRAVEL) <= found and "src/python/apps/content:pex" not in found


def test_a_tag_that_cannot_be_moved_is_deleted(workspace: Workspace, tmp_path: Path) -> None:
    """As GitHub refuses it for a commit whose workflows no branch has."""
    *_, step = (workspace.root / DEPLOYMENT).read_text().split("- run: |\n")
    remote = tmp_path / "remote"
    workspace.run("git", "init", "-q", "--bare", str(remote))
    workspace.run("git", "remote", "add", "origin", str(remote))
    tags = ("git", "ls-remote", "--tags", "origin")
    assert workspace.run("bash", "-ec", step).returncode == 0
    assert workspace.run(*tags).stdout.endswith("refs/tags/deployed\n")
    hook = remote / "hooks/update"
    hook.write_text(f"#!/bin/sh\ntest $3 = {'0' * 40}\n")  # only deletions
    hook.chmod(0o755)
    workspace.run("git", *AUTHOR, "commit", "-q", "--allow-empty", "-m", "another")
    assert workspace.run("bash", "-ec", step).returncode == 0
    assert workspace.run(*tags).stdout == ""
