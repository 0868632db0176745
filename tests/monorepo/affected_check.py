"""Which tests, migrations and packages each kind of change selects, as exact sets.

documented_changes_check.py has the changes that docs/monorepo.md lists.
"""

from pathlib import Path

import pytest

from core.new_app.definition import new_app
from core.new_app.placing import place
from monorepo.selections import (
    CONSOLE_TESTS,
    MIGRATION_TESTS,
    NEW_APP_TESTS,
    README_TESTS,
    SERVICE_TESTS,
    STORE_TESTS,
    TESTING_TESTS,
    affected,
    all_targets,
    append_comment,
    documents_of,
    everything_of,
)
from monorepo.workspace import Workspace

TRAVEL_MIGRATION = "alembic/travel/versions/*_create_the_ledger.py"


@pytest.mark.parametrize(
    "name, expected",
    [
        ("alembic/travel/BUILD", everything_of("travel")),
        ("tests/apps/travel/travel_ledger_test.py", {"tests/apps/travel/travel_ledger_test.py"}),
        (
            "src/python/core/migrations/operation_changes.py",
            everything_of("content")
            | everything_of("travel")
            | SERVICE_TESTS - CONSOLE_TESTS - README_TESTS - TESTING_TESTS
            | MIGRATION_TESTS
            | STORE_TESTS,
        ),
        (
            "src/python/core/migration_check/migration_check.py",
            NEW_APP_TESTS,
        ),
    ],
)
def test_an_edit_selects_exactly_what_depends_on_the_file(
    workspace: Workspace, name: str, expected: set[str]
) -> None:
    append_comment(workspace, name)
    assert affected(workspace) == expected


def test_an_edit_of_a_build_file_selects_all_of_its_targets(workspace: Workspace) -> None:
    # Pants does not know which targets of the file have changed.
    append_comment(workspace, "src/python/apps/travel/BUILD")
    assert affected(workspace) == everything_of("travel") | documents_of("travel")


@pytest.mark.parametrize("name", ["default.lock", "requirements.txt"])
def test_an_edit_of_the_requirements_selects_everything(workspace: Workspace, name: str) -> None:
    # More than necessary: Pants does not know which lines of a lock file a requirement needs.
    append_comment(workspace, f"3rdparty/python/{name}")
    assert affected(workspace) == all_targets(workspace)


def test_a_new_untracked_revision_selects_its_app(workspace: Workspace) -> None:
    workspace.write("alembic/travel/versions/new.py", 'revision = "new"\n')
    assert affected(workspace) == everything_of("travel")


def test_a_new_file_that_nothing_imports_selects_nothing(workspace: Workspace) -> None:
    workspace.write("src/python/apps/travel/new.py", "NEW = 1\n")
    assert affected(workspace) == set()


def test_a_deleted_revision_selects_its_app(workspace: Workspace) -> None:
    [revision] = workspace.root.glob(TRAVEL_MIGRATION)
    revision.unlink()
    assert affected(workspace) == everything_of("travel")


def test_a_revision_that_is_moved_to_another_folder_selects_its_app(workspace: Workspace) -> None:
    [revision] = workspace.root.glob(TRAVEL_MIGRATION)
    assert workspace.run("git", "mv", str(revision), "docs/").returncode == 0
    assert affected(workspace) == everything_of("travel")


def test_a_deleted_test_selects_the_other_tests_of_its_target(workspace: Workspace) -> None:
    # More than necessary: Pants only knows that the target has changed.
    workspace.write("tests/apps/travel/more_test.py", "def test_more() -> None: ...\n")
    workspace.commit()
    (workspace.root / "tests/apps/travel/more_test.py").unlink()
    selected = affected(workspace)
    workspace.run("git", "reset", "-q", "--hard", "HEAD~1")
    assert selected == {
        f"tests/apps/travel/travel_{kind}_test.py" for kind in ("ledger", "migrations")
    }


def test_a_new_app_is_all_that_it_selects(workspace: Workspace) -> None:
    place(new_app("shop", ["PURCHASE=-7"]), workspace.root)
    assert affected(workspace) == everything_of("shop") | documents_of("shop")


def test_a_renamed_app_is_selected_under_its_new_name(workspace: Workspace) -> None:
    for parent in ("src/python/apps", "alembic", "tests/apps"):
        folder = (workspace.root / parent / "travel").rename(workspace.root / parent / "voyage")
        for path in [*folder.rglob("*")]:
            if path.is_file() and path.suffix != ".pyc":
                rename_travel_in(path)
                path.rename(path.with_name(path.name.replace("travel", "voyage")))
    for document in [*workspace.root.glob("docs/*/travel.json")]:
        rename_travel_in(document)
        document.rename(document.with_name("voyage.json"))
    assert affected(workspace) == everything_of("voyage") | documents_of("voyage")


def rename_travel_in(path: Path) -> None:
    path.write_text(path.read_text().replace("travel", "voyage"))


def test_goals_run_on_affected_targets_only(workspace: Workspace) -> None:
    """Runs the goals themselves, where the other checks only list what Pants selects."""
    affected_only = ("--changed-since=HEAD", "--changed-dependents=transitive")
    append_comment(workspace, "src/python/apps/travel/operations.py")
    output = workspace.pants(*affected_only, "migrate", "--dry-run").stdout
    assert "travel: upgrade head --sql succeeded" in output and "content" not in output
    output = workspace.pants(*affected_only, "lint", "--only=migration-check").stdout
    assert "Partition: travel" in output and "content" not in output
    workspace.reset()
    append_comment(workspace, "src/python/apps/travel/service.py")
    output = workspace.pants(*affected_only, "test").stdout
    assert "✓ tests/apps/travel:package succeeded" in output
    assert output.count("✓ ") == 1


def test_goals_succeed_if_nothing_is_affected(workspace: Workspace) -> None:
    append_comment(workspace, "docs/glossary.md")
    for goal in ("migrate", "lint", "check", "test"):
        result = workspace.pants("--changed-since=HEAD", "--changed-dependents=transitive", goal)
        assert result.returncode == 0, result.stdout
