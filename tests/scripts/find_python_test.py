"""`scripts/find-python` finds an interpreter, or installs one with uv, or names the way out."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path("scripts/find-python").resolve()
TOOLS = ("bash", "cksum", "dirname", "env", "mkdir", "touch", "tr")

# Exits as the script's check of the version does, for the version in its own name.
PYTHON = """#!/usr/bin/env bash
[[ "$2" == *"!= '{version}'"* ]]
"""
# `uv python install VERSION`
UV = """#!/usr/bin/env bash
[[ "$1 $2 $3" == "python install 3.9" ]] || exit 2
mkdir -p "{pythons}/cpython-3.9.99-none/bin"
cp "{python}" "{pythons}/cpython-3.9.99-none/bin/python3"
"""
FAILING_UV = "#!/usr/bin/env bash\necho 'error: no network' >&2\nexit 1\n"


class Machine:
    """A machine that has a few programs, and an empty home."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "bin"
        self.home = folder / "home"
        self.uv_pythons = self.home / ".local/share/uv/python"
        self.programs.mkdir()
        for tool in (*TOOLS, "cp"):
            found = shutil.which(tool)
            assert found is not None, tool
            (self.programs / tool).symlink_to(found)

    def has(self, program: str, text: str, folder: Path | None = None) -> Path:
        path = (folder or self.programs) / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def find(self, purpose: str, *versions: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [SCRIPT, purpose, *versions],
            env={"PATH": str(self.programs), "HOME": str(self.home), **more},
            capture_output=True,
            text=True,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("value", ["/nowhere/python3.9", "nothing"])
def test_a_variable_that_leads_nowhere_is_an_error(machine: Machine, value: str) -> None:
    machine.has("python3.9", PYTHON.format(version="3.9"))
    done = machine.find("Pants itself", "3.9", PANTS_PYTHON=value)
    assert done.returncode == 1
    assert f"PANTS_PYTHON is set to {value}, which is not a program" in done.stderr


def test_the_first_version_that_is_there_wins(machine: Machine) -> None:
    found = machine.has("python3.8", PYTHON.format(version="3.8"))
    assert machine.find("Pants", "3.9", "3.8").stdout == f"{found}\n"
    better = machine.has("python3.9", PYTHON.format(version="3.9"))
    assert machine.find("Pants", "3.9", "3.8").stdout == f"{better}\n"


def test_a_python_of_another_version_is_not_taken(machine: Machine) -> None:
    machine.has("python3.9", "#!/usr/bin/env bash\nexit 1\n")  # such as a shim of pyenv's
    pyenv = machine.home / ".pyenv/versions/3.9.18/bin"
    found = machine.has("python", PYTHON.format(version="3.9"), pyenv)
    assert machine.find("Pants", "3.9").stdout == f"{found}\n"


def test_the_one_that_is_set_comes_first(machine: Machine, tmp_path: Path) -> None:
    machine.has("python3.9", PYTHON.format(version="3.9"))
    mine = machine.has("mine", PYTHON.format(version="3.9"), tmp_path)
    assert machine.find("Pants", "3.9", PANTS_PYTHON=str(mine)).stdout == f"{mine}\n"


def test_uv_installs_what_is_missing_and_this_is_said(machine: Machine, tmp_path: Path) -> None:
    python = machine.has("python", PYTHON.format(version="3.9"), tmp_path)
    machine.has("uv", UV.format(pythons=machine.uv_pythons, python=python))
    done = machine.find("Pants itself", "3.9", "3.8")
    assert done.stdout == f"{machine.uv_pythons}/cpython-3.9.99-none/bin/python3\n"
    assert "Pants itself needs a CPython 3.9, and there is none: installing it" in done.stderr


@pytest.mark.parametrize("uv", [FAILING_UV, None])
def test_without_any_the_way_out_is_named(machine: Machine, uv: str | None) -> None:
    if uv is not None:
        machine.has("uv", uv)
    done = machine.find("Pants itself", "3.9", "3.8")
    assert (done.returncode, done.stdout) == (1, "")
    assert "found no CPython 3.9 3.8" in done.stderr
    assert "Pants itself needs one. Install it, for example: uv python install 3.9" in done.stderr


def test_without_a_purpose_nothing_is_installed(machine: Machine) -> None:
    machine.has("uv", UV.format(pythons=machine.uv_pythons, python="/nowhere"))
    done = machine.find("", "3.9")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
