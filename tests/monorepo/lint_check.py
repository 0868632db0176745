"""What lint refuses beside imports across packages: code that is too long, unsorted or unowned."""

from collections.abc import Iterator

import pytest

from monorepo.workspace import Workspace

BODY = "".join(f"    print({number})\n" for number in range(70))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    copy = Workspace(tmp_path_factory.mktemp("workspace"))
    yield copy
    copy.close()


@pytest.mark.parametrize(
    "linter, file, text, problem",
    [
        (
            "flake8",
            "src/python/core/ledgers/bad.py",
            f"def long() -> None:\n{BODY}",
            "bad.py:1:1: LEN001 long has 71 lines, at most 70 allowed: split it",
        ),
        (
            "flake8",
            "src/python/core/ledgers/bad.py",
            "# A line\n" * 251,
            "bad.py:1:1: LEN002 module has 251 lines, at most 250 allowed: split it",
        ),
        (
            "isort",
            "src/python/core/ledgers/bad.py",
            "import sys\nimport os\n",
            "isort made changes",
        ),
        ("black", "docs/openapi/BUILD", "files(sources=['*'])\n", "black made changes"),
    ],
)
def test_lint_refuses(
    workspace: Workspace, linter: str, file: str, text: str, problem: str
) -> None:
    path = workspace.root / file
    before = path.read_text() if path.exists() else None
    workspace.write(file, text)
    try:
        done = workspace.pants("lint", f"--only={linter}", f"{path.parent}::")
    finally:
        path.unlink() if before is None else path.write_text(before)
    assert done.returncode != 0
    assert problem in done.stdout, done.stdout


def test_the_longest_function_and_module_pass(workspace: Workspace) -> None:
    file = "src/python/core/ledgers/good.py"
    body = BODY.removesuffix("    print(69)\n")
    workspace.write(file, f"def long() -> None:\n{body}" + "# A line\n" * 180)
    try:
        done = workspace.pants("lint", "--only=flake8", file)
    finally:
        (workspace.root / file).unlink()
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "file, target",
    [
        ("tests/core/new/new_test.py", "Add python_tests target tests"),
        ("src/python/core/new/new.py", "Add python_sources target new"),
    ],
)
def test_a_file_that_no_target_owns_fails_tailor(
    workspace: Workspace, file: str, target: str
) -> None:
    passed = workspace.pants("tailor", "--check", "::")
    assert passed.returncode == 0, passed.stdout
    workspace.write(file, "NEW = 1\n")
    try:
        done = workspace.pants("tailor", "--check", "::")
    finally:
        (workspace.root / file).unlink()
    assert done.returncode != 0
    assert target in done.stdout, done.stdout
