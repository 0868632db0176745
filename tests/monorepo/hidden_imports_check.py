"""No comment, string or BUILD file hides an import from the dependency rules."""

import pytest

from monorepo.workspace import Workspace


def lint(workspace: Workspace, *options: str) -> tuple[bool, str]:
    """Whether the boundaries are kept, and the output of the linter."""
    result = workspace.pants("lint", "--only=boundaries", *options, "::")
    return result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    "line, problem",
    [
        (
            "from apps.travel.ledger import LEDGER  # pants: no-infer-dep",
            "1 imports apps.travel.ledger.LEDGER (src/python/apps/travel/ledger.py): "
            "src/python/apps/content/BUILD lets it import only src/python/apps/content/**, "
            "src/python/core/ledgers/operations.py, src/python/core/ledgers/ledger.py, ",
        ),
        (
            'LEDGER = __import__("importlib").import_module("apps.travel.ledger").LEDGER',
            "1 names apps.travel.ledger (src/python/apps/travel/ledger.py): ",
        ),
        (
            "import nothing_provides_this  # pants: no-infer-dep",
            "1 imports nothing_provides_this, which no target provides: correct the name, or add",
        ),
        (
            "from core.testing.databases import Databases  # pants: no-infer-dep",
            "1 imports core.testing.databases.Databases (src/python/core/testing/databases.py): ",
        ),
    ],
)
def test_a_comment_does_not_hide_an_import(
    workspace_copy: Workspace, line: str, problem: str
) -> None:
    bad = workspace_copy.root / "src/python/apps/content/bad.py"
    bad.write_text(f"{line}\n")
    try:
        passed, output = lint(workspace_copy)
    finally:
        bad.unlink()
    assert not passed
    assert f"src/python/apps/content/bad.py:{problem}" in output, output


def test_a_build_file_does_not_hide_an_import(workspace_copy: Workspace) -> None:
    bad = "src/python/core/ledgers/bad.py"
    build = workspace_copy.root / "src/python/core/ledgers/BUILD"
    before = build.read_text()
    workspace_copy.write(bad, "from core.storage.store import LedgerStore\n")
    hidden = '"bad.py": {"dependencies": ["!//src/python/core/storage/store.py"]}'
    build.write_text(before.replace("overrides={", f"overrides={{{hidden}, "))
    assert hidden in build.read_text()
    try:
        passed, output = lint(workspace_copy)
        allowed = f"--boundaries-exceptions={bad} imports core.storage.store.LedgerStore"
        excepted, rest = lint(workspace_copy, allowed)
    finally:
        build.write_text(before)
        (workspace_copy.root / bad).unlink()
    assert not passed
    assert f"{bad}:1 imports core.storage.store.LedgerStore" in output, output
    assert excepted, rest
