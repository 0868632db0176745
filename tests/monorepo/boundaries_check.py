"""The README's dependency rules: whoever breaks one sees `./pants lint ::` fail, and why."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from monorepo.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    copy = Workspace(tmp_path_factory.mktemp("workspace"))
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
            "from core.ledgers.store import LedgerStore",
            "src/python/core/ledgers/store.py",
        ),
        (
            "an app keeps out of core's database",
            "src/python/apps/content/bad.py",
            "from core.database.engine import connect",
            "src/python/core/database/engine.py",
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
