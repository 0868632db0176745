"""What a change affects, exactly: the tests, the migrations and the packages that it selects."""

from collections.abc import Iterator

import pytest

from monorepo.workspace import Workspace

TRAVEL_MIGRATION = "alembic/travel/versions/2026_11_23_add_loyalty_bonus.py"

README = {"tests/readme_test.py"}
CORE_SERVICE = {
    f"tests/core/service/{name}_test.py"
    for name in (
        *("batch", "contract", "crashes", "full_queue", "group_queue", "health", "openapi"),
        *("owner_path", "service_process", "under_load"),
    )
}
# pyright reads all of core.
CORE_TYPES = {"tests/type_checking:core"}
MIGRATIONS_TESTS = {
    f"tests/migrations/{name}_test.py"
    for name in ("autogenerate", "commands", "deploying", "migration_check")
}


def its_tests(app: str) -> set[str]:
    return {
        f"tests/apps/{app}/{app}_ledger_test.py",
        f"tests/apps/{app}/{app}_migrations_test.py",
        f"tests/apps/{app}/{app}_openapi_test.py",
        f"tests/apps/{app}:package",
    }


def whole(app: str) -> set[str]:
    """All that one app has."""
    return {*its_tests(app), f"alembic/{app}:{app}", f"src/python/apps/{app}:pex"}


def served(app: str) -> set[str]:
    """What is judged by a running service of an app."""
    return {f"src/python/apps/{app}:pex", f"tests/apps/{app}:package"}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    copy = Workspace(tmp_path_factory.mktemp("workspace"))
    copy.commit()
    yield copy
    copy.close()


@pytest.fixture
def workspace(clone: Workspace) -> Iterator[Workspace]:
    yield clone
    clone.reset()


def everything(workspace: Workspace) -> set[str]:
    return select(workspace, "::")


def affected(workspace: Workspace) -> set[str]:
    return select(workspace, "--changed-since=HEAD", "--changed-dependents=transitive")


def select(workspace: Workspace, *what: str) -> set[str]:
    def listed(kinds: str, *what: str) -> set[str]:
        return set(workspace.answer(*what, f"--filter-target-type={kinds}", "list").split())

    selected = listed("python_test,alembic_migrations,pex_binary", *what)
    # The goal `test` runs all tests of a generator that is selected.
    generators = listed("python_tests", *what)
    for folder in {name.partition(":")[0] for name in generators}:
        selected |= {name for name in listed("python_test", f"{folder}:") if ".py" in name}
    return selected


def edit(workspace: Workspace, name: str) -> None:
    """A change that means nothing, at the end of a file that exists."""
    path = workspace.root / name
    path.write_text(path.read_text() + "\n# changed\n")


@pytest.mark.parametrize(
    "name, expected",
    [
        ("src/python/apps/travel/operations.py", whole("travel")),
        ("src/python/apps/travel/ledger.py", whole("travel")),
        ("src/python/apps/travel/service.py", served("travel")),
        (TRAVEL_MIGRATION, whole("travel")),
        ("alembic/travel/alembic.ini", whole("travel")),
        ("alembic/travel/BUILD", whole("travel")),
        ("tests/apps/travel/travel_ledger_test.py", {"tests/apps/travel/travel_ledger_test.py"}),
        # The README runs content's service.
        ("src/python/apps/content/operations.py", whole("content") | README),
        ("README.md", README),
        ("docs/locking.md", set()),
        (
            "src/python/core/service/routes.py",
            served("content") | served("travel") | CORE_SERVICE | CORE_TYPES | README,
        ),
        (
            "src/python/core/migrations/operation_changes.py",
            whole("content")
            | whole("travel")
            | CORE_SERVICE
            | README
            | MIGRATIONS_TESTS
            | CORE_TYPES
            | {"tests/core/storage:store", "tests/core/storage:store_races"},
        ),
        ("src/python/core/migration_check/migration_check.py", CORE_TYPES),
    ],
)
def test_an_edit_affects(workspace: Workspace, name: str, expected: set[str]) -> None:
    edit(workspace, name)
    assert affected(workspace) == expected


def test_a_buildfile_of_an_app(workspace: Workspace) -> None:
    # All targets of the file, so more than the one that was changed.
    edit(workspace, "src/python/apps/travel/BUILD")
    assert affected(workspace) == whole("travel")


def test_cores_ledger_affects_all(workspace: Workspace) -> None:
    # Even tests that do not use it: conftest.py, which all have, makes migrated databases.
    edit(workspace, "src/python/core/ledgers/ledger.py")
    assert affected(workspace) == everything(workspace)


@pytest.mark.parametrize("name", ["default.lock", "requirements.txt"])
def test_third_party_code_is_one(workspace: Workspace, name: str) -> None:
    # Coarser than true: Pants does not know which lines of a lock a requirement stands for.
    edit(workspace, f"3rdparty/python/{name}")
    assert affected(workspace) == everything(workspace)


def test_a_new_untracked_revision(workspace: Workspace) -> None:
    workspace.write("alembic/travel/versions/new.py", 'revision = "new"\n')
    assert affected(workspace) == whole("travel")


def test_a_new_file_that_nothing_uses_yet(workspace: Workspace) -> None:
    workspace.write("src/python/apps/travel/new.py", "NEW = 1\n")
    assert affected(workspace) == set()


def test_a_deleted_revision(workspace: Workspace) -> None:
    (workspace.root / TRAVEL_MIGRATION).unlink()
    assert affected(workspace) == whole("travel")


def test_a_deleted_test(workspace: Workspace) -> None:
    # Coarser than true: what is left of its target is all the tests beside it.
    (workspace.root / "tests/apps/travel/travel_ledger_test.py").unlink()
    assert affected(workspace) == {"tests/apps/travel/travel_migrations_test.py"}


def test_a_renamed_app(workspace: Workspace) -> None:
    for folder in ("src/python/apps", "alembic", "tests/apps"):
        (workspace.root / folder / "travel").rename(workspace.root / folder / "voyage")
        for path in (workspace.root / folder / "voyage").rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                path.write_text(path.read_text().replace("travel", "voyage"))
    for path in (workspace.root / "tests/benchmarks").iterdir():  # they run travel
        path.write_text(path.read_text().replace("travel", "voyage"))
    assert affected(workspace) == whole("voyage")


@pytest.mark.parametrize(
    "name, whole_workspace",
    [
        ("README.md", False),
        ("src/python/core/storage/store.py", False),
        ("pants.toml", True),
        ("pants-plugins/prelude.py", True),
        ("mypy.ini", True),
        ("3rdparty/python/pytest.lock", True),
        ("src/python/core/migration_check/migration_check.py", True),
    ],
)
def test_ci_runs_all_when_pants_does_not_see_what_a_change_affects(
    workspace: Workspace, name: str, whole_workspace: bool
) -> None:
    edit(workspace, name)
    printed = workspace.run(".ci/affected", "HEAD").stdout
    assert printed.startswith("::\n" if whole_workspace else "--changed-since=")


def test_goals_take_what_is_affected(workspace: Workspace) -> None:
    """The real goals, on what is affected and nothing else."""
    affected_only = ("--changed-since=HEAD", "--changed-dependents=transitive")
    edit(workspace, "src/python/apps/travel/operations.py")
    said = workspace.pants(*affected_only, "migrate", "--dry-run").stdout
    assert "travel: upgrade head --sql succeeded" in said and "content" not in said
    said = workspace.pants(*affected_only, "lint", "--only=migration-check").stdout
    assert "Partition: travel" in said and "content" not in said
    workspace.reset()
    edit(workspace, "src/python/apps/travel/service.py")
    said = workspace.pants(*affected_only, "test").stdout
    assert "✓ tests/apps/travel:package succeeded" in said
    assert said.count("✓ ") == 1


def test_nothing_affected_is_success(workspace: Workspace) -> None:
    edit(workspace, "docs/locking.md")
    for goal in ("migrate", "lint", "check", "test"):
        done = workspace.pants("--changed-since=HEAD", "--changed-dependents=transitive", goal)
        assert done.returncode == 0, done.stdout
