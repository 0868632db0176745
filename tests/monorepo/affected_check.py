"""Which tests, migrations and packages each kind of change selects, as exact sets."""

from pathlib import Path

import pytest

from core.new_app.definition import new_app
from core.new_app.placing import place
from monorepo.workspace import Workspace

TRAVEL_MIGRATION = "alembic/travel/versions/*_create_the_ledger.py"

ROOT = Path(__file__).parents[2]


def all_tests_in(folder: str) -> set[str]:
    """All tests of a folder, which have the same dependencies."""
    return {str(path.relative_to(ROOT)) for path in (ROOT / folder).glob("*_test.py")}


CLIENT_TESTS = all_tests_in("tests/core/client")
CONSOLE_TESTS = all_tests_in("tests/core/console") - {"tests/core/console/console_logic_test.py"}
CORE_SERVICE_TESTS = all_tests_in("tests/core/service")
PROGRAM_TESTS = all_tests_in("tests/core/cli")
EMBEDDED_TESTS = all_tests_in("tests/core/embedded")
HTTP_SERVER_TESTS = all_tests_in("tests/core/http_server")
NEW_APP_TESTS = all_tests_in("tests/core/new_app")
CONNECTION_TESTS = {
    f"tests/core/storage/{name}_test.py"
    for name in ("event_loop_connecting", "event_loop_connection", "session_pool")
}
STORE_TESTS = {
    test.replace("/storage/", "/storage:").removesuffix("_test.py")
    for test in all_tests_in("tests/core/storage") - CONNECTION_TESTS
}
MIGRATION_TESTS = all_tests_in("tests/migrations")
OPERATING_TESTS = all_tests_in("tests/operating")
# pyright checks all of core.
CORE_TYPES = {"tests/type_checking:core"}


def app_tests(app: str) -> set[str]:
    return {
        f"tests/apps/{app}/{app}_ledger_test.py",
        f"tests/apps/{app}/{app}_migrations_test.py",
        f"tests/apps/{app}:package",
    }


def everything_of(app: str) -> set[str]:
    """An app's tests, its migrations and its package."""
    return {*app_tests(app), f"alembic/{app}:{app}", f"src/python/apps/{app}:pex"}


def documents_of(app: str) -> set[str]:
    """The test of an app's committed documents."""
    return {f"tests/apps/{app}:documents"}


def package_of(app: str) -> set[str]:
    """An app's package and the tests that run it."""
    return {f"src/python/apps/{app}:pex", f"tests/apps/{app}:package"}


def all_targets(workspace: Workspace) -> set[str]:
    return select(workspace, "::")


def affected(workspace: Workspace) -> set[str]:
    return select(workspace, "--changed-since=HEAD", "--changed-dependents=transitive")


def select(workspace: Workspace, *selection: str) -> set[str]:
    """The tests, migrations and packages that Pants finds in this selection."""

    def listed(kinds: str, *arguments: str) -> set[str]:
        return set(workspace.output(*arguments, f"--filter-target-type={kinds}", "list").split())

    selected = listed("python_test,alembic_migrations,pex_binary,python_distribution", *selection)
    # If a `python_tests` target is selected itself, the goal `test` runs all of its tests.
    generators = listed("python_tests", *selection)
    for folder in {name.partition(":")[0] for name in generators}:
        selected |= {name for name in listed("python_test", f"{folder}:") if ".py" in name}
    return selected


def append_comment(workspace: Workspace, name: str) -> None:
    """Changes a file, but not what it means."""
    [path] = workspace.root.glob(name)
    path.write_text(path.read_text() + "\n# changed\n")


@pytest.mark.parametrize(
    "name, expected",
    [
        ("src/python/apps/travel/operations.py", everything_of("travel") | documents_of("travel")),
        ("src/python/apps/travel/ledger.py", everything_of("travel") | documents_of("travel")),
        ("src/python/apps/travel/service.py", package_of("travel")),
        (TRAVEL_MIGRATION, everything_of("travel")),
        ("alembic/travel/alembic.ini", everything_of("travel")),
        ("alembic/travel/BUILD", everything_of("travel")),
        ("tests/apps/travel/travel_ledger_test.py", {"tests/apps/travel/travel_ledger_test.py"}),
        ("README.md", {"tests:readme", "tests:packages"}),
        ("docs/openapi/travel.json", documents_of("travel")),
        ("docs/operations/travel.json", documents_of("travel")),
        ("docs/locking.md", set()),
        (
            "src/python/core/service/routes.py",
            package_of("content")
            | package_of("travel")
            | documents_of("content")
            | documents_of("travel")
            | CLIENT_TESTS
            | CONSOLE_TESTS
            | CORE_SERVICE_TESTS
            | PROGRAM_TESTS
            | HTTP_SERVER_TESTS
            | NEW_APP_TESTS
            | OPERATING_TESTS
            | CORE_TYPES,
        ),
        (
            "src/python/core/migrations/operation_changes.py",
            everything_of("content")
            | everything_of("travel")
            | CLIENT_TESTS
            | CONSOLE_TESTS
            | CORE_SERVICE_TESTS
            | PROGRAM_TESTS
            | HTTP_SERVER_TESTS
            | NEW_APP_TESTS
            | OPERATING_TESTS
            | MIGRATION_TESTS
            | CORE_TYPES
            | STORE_TESTS,
        ),
        (
            "src/python/core/migration_check/migration_check.py",
            CORE_TYPES | PROGRAM_TESTS | NEW_APP_TESTS,
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


def test_an_edit_of_cores_ledger_selects_everything_that_knows_a_ledger(
    workspace: Workspace,
) -> None:
    append_comment(workspace, "src/python/core/ledgers/ledger.py")
    assert affected(workspace) == all_targets(workspace) - {
        "src/python/core/client:wheel",
        *EMBEDDED_TESTS,
        "tests/core/keys/api_keys_test.py",
        "tests/core/logs/line_formats_test.py",
        "tests/core/metrics/families_test.py",
        "tests/core/settings/environment_test.py",
        "tests/core/settings/secret_files_test.py",
        *CONNECTION_TESTS,
        "tests/core/console:logic",
        "tests/scripts/audit_test.py",
        "tests/scripts/check_packages_test.py",
        "tests/scripts/find_python_test.py",
        "tests/scripts/price_changes_test.py",
        "tests:packages",
        "tests:readme",
    }


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
    (workspace.root / "tests/apps/travel/travel_ledger_test.py").unlink()
    assert affected(workspace) == {"tests/apps/travel/travel_migrations_test.py"}


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
    append_comment(workspace, "docs/locking.md")
    for goal in ("migrate", "lint", "check", "test"):
        result = workspace.pants("--changed-since=HEAD", "--changed-dependents=transitive", goal)
        assert result.returncode == 0, result.stdout
