"""Lint names the missing line of a BUILD file, and the name of an app that cannot work."""

import shutil
from pathlib import Path

import pytest

from core.ledgers.errors import DefinitionError
from core.ledgers.ledger import checked_name
from monorepo.workspace import Workspace


def lint(workspace: Workspace, linter: str) -> tuple[bool, str]:
    result = workspace.pants("lint", f"--only={linter}", "::")
    return result.returncode == 0, result.stdout


def test_the_workspace_has_all_targets(workspace: Workspace) -> None:
    passed, output = lint(workspace, "ownership")
    assert passed, output


@pytest.mark.parametrize(
    "file, problem",
    [
        ("tests/core/new/new_test.py", "owns it: add python_tests() to tests/core/new/BUILD"),
        ("src/python/core/new/new.py", "owns it: add python_sources() to src/python/core/new/B"),
        # mypy would not see this stub.
        ("src/python/apps/content/new.pyi", 'owns it: add ledger_app("content") to src/python/a'),
        ("alembic/content/new_test.py", "no python_tests target owns it, so it never runs: add"),
    ],
)
def test_a_file_without_a_target(workspace: Workspace, file: str, problem: str) -> None:
    workspace.write(file, "NEW = 1\n")
    passed, output = lint(workspace, "ownership")
    assert not passed
    assert file in output and problem in output, output


def copy_travel(workspace: Workspace, *parents: str) -> None:
    for parent in parents:
        folder = workspace.root / parent / "shop"
        shutil.copytree(workspace.root / parent / "travel", folder)
        (folder / "BUILD").unlink()


def test_an_app_without_build_files(workspace: Workspace) -> None:
    copy_travel(workspace, "src/python/apps", "alembic", "tests/apps")
    passed, output = lint(workspace, "ownership")
    assert not passed
    for line in (
        'src/python/apps/shop/ledger.py: no target owns it: add ledger_app("shop") to',
        'alembic/shop/env.py: no target owns it: add ledger_migrations("shop") to alembic/shop/B',
        'tests/apps/shop/travel_ledger_test.py: no target owns it: add ledger_tests("shop") to te',
    ):
        assert line in output, output


def test_an_app_with_targets_that_do_nothing_for_it(workspace: Workspace) -> None:
    copy_travel(workspace, "src/python/apps", "alembic")
    workspace.write("src/python/apps/shop/BUILD", "python_sources()\n")
    workspace.write("alembic/shop/BUILD", 'python_sources(sources=["**/*.py"])\n')
    passed, output = lint(workspace, "ownership")
    assert not passed
    for line in (
        'src/python/apps/shop: the app has no pex_binary: add ledger_app("shop") to src/python/a',
        'alembic/shop: the app has no alembic_migrations: add ledger_migrations("shop") to alemb',
        'tests/apps/shop: the app has no python_test: add ledger_tests("shop") to tests/apps/sho',
    ):
        assert line in output, output


@pytest.mark.parametrize("name", ["gift-card", "Shop", "class", "public"])
@pytest.mark.parametrize(
    "kind, parent",
    [("app", "src/python/apps"), ("migrations", "alembic"), ("tests", "tests/apps")],
)
def test_a_name_that_cannot_work(workspace: Workspace, name: str, kind: str, parent: str) -> None:
    workspace.write(f"{parent}/{name}/BUILD", f'ledger_{kind}("{name}")\n')
    result = workspace.pants("list", f"{parent}/{name}:")
    assert result.returncode == 1
    with pytest.raises(DefinitionError) as ledgers:
        checked_name(name)
    assert str(ledgers.value) in result.stdout, result.stdout


def test_a_name_that_is_not_that_of_the_folder(workspace: Workspace) -> None:
    build = workspace.root / "alembic/travel/BUILD"
    build.write_text('ledger_migrations("voyage")\n')
    result = workspace.pants("list", "alembic/travel:")
    assert result.returncode == 1
    assert "the name must be that of the folder, 'travel'" in result.stdout


def test_a_ledger_with_another_name_than_its_folder(workspace: Workspace) -> None:
    ledger: Path = workspace.root / "src/python/apps/travel/ledger.py"
    ledger.write_text(ledger.read_text().replace('name="travel"', 'name="voyage"'))
    passed, output = lint(workspace, "migration-check")
    assert not passed
    assert "src/python/apps/travel is named 'voyage': the name must be that of the" in output


@pytest.mark.parametrize("kind", ["ledger", "migrations", "documents", "package"])
def test_an_app_without_one_of_its_tests(workspace: Workspace, kind: str) -> None:
    name = f"tests/apps/travel/travel_{kind}_test.py"
    (workspace.root / name).unlink()
    passed, output = lint(workspace, "ownership")
    assert not passed and name in output, output
