"""The tests, migrations and packages that a change can select, and those that it does select."""

from pathlib import Path

from monorepo.workspace import Workspace

ROOT = Path(__file__).parents[2]


def all_tests_in(folder: str) -> set[str]:
    """All tests of a folder, which have the same dependencies."""
    return {str(path.relative_to(ROOT)) for path in (ROOT / folder).glob("*_test.py")}


CLIENT_TESTS = all_tests_in("tests/core/client")
CONSOLE_TESTS = all_tests_in("tests/core/console") - {"tests/core/console/console_logic_test.py"}
CORE_SERVICE_TESTS = all_tests_in("tests/core/service") | all_tests_in("tests/core/service/readme")
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
FORKING_TESTS = {"tests/migrations:commands", "tests/migrations:deploying"}
MIGRATION_TESTS = all_tests_in("tests/migrations") - {
    f"{name.replace(':', '/')}_test.py" for name in FORKING_TESTS
}
TESTING_TESTS = all_tests_in("tests/core/testing")
OPERATING_TESTS = all_tests_in("tests/operating")
SERVICE_TESTS = (
    CLIENT_TESTS
    | CONSOLE_TESTS
    | CORE_SERVICE_TESTS
    | FORKING_TESTS
    | PROGRAM_TESTS
    | HTTP_SERVER_TESTS
    | NEW_APP_TESTS
    | OPERATING_TESTS
    | TESTING_TESTS
)
"""Core's tests that run a service or another program."""
TYPE_EXAMPLES = {"tests/type_checking:examples"}
README_TESTS = {
    *("tests:readme", "tests:packages", *TYPE_EXAMPLES),
    "tests/core/service/readme/routes_table_test.py",
}
NEED_NO_LEDGER = {
    "src/python/core/client:wheel",
    *EMBEDDED_TESTS,
    "tests/benchmarks/performance_page_test.py:tests",
    "tests/core/keys/api_keys_test.py",
    "tests/core/logs/line_formats_test.py",
    "tests/core/metrics/families_test.py",
    "tests/core/settings/environment_test.py",
    "tests/core/settings/secret_files_test.py",
    *CONNECTION_TESTS,
    "tests/core/console:logic",
    "tests/scripts/audit_test.py",
    "tests/scripts/check_packages_test.py",
    "tests/scripts/embedded_in_use_test.py",
    "tests/scripts/find_python_test.py",
    "tests/scripts:price-changes",
    "tests:packages",
    "tests:readme",
}


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
    generators = {folder_and_lock(name) for name in listed("python_tests", *selection)}
    if generators:
        tests = listed("python_test", *(f"{folder}:" for folder, _ in generators))
        selected |= {
            name for name in tests if ".py" in name and folder_and_lock(name) in generators
        }
    return selected


def folder_and_lock(address: str) -> tuple[str, str]:
    target, _, lock = address.partition("@resolve=")
    path = target.partition(":")[0]
    return path.rpartition("/")[0] if path.endswith(".py") else path, lock


def append_comment(workspace: Workspace, name: str) -> None:
    """Changes a file, but not what it means."""
    [path] = workspace.root.glob(name)
    path.write_text(path.read_text() + "\n# changed\n")
