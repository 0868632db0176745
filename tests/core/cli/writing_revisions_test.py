"""The program writes a revision without a configured database, whatever the embedded one is at."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.testing import programs
from core.testing.process_environment import environment
from migrations.copied_sample import copied_sample

FORMAT = '[tool.black]\nline-length = 100\n[tool.isort]\nprofile = "black"\nline_length = 100\n'


def run(folder: Path, *arguments: str) -> str:
    """Runs the sample's program with the migrations in `folder`, and returns its output."""
    path = os.pathsep.join([str(folder), *sys.path])
    env = environment() | {"PYTHONPATH": path, "DATA_DIR": str(folder / "data")}
    done = programs.run("sample.service", *arguments, env=env, merged=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_revision_is_compared_with_what_the_revisions_build(tmp_path: Path) -> None:
    versions = copied_sample(tmp_path).parent / "versions"
    before = set(versions.glob("*.py"))
    run(tmp_path, "migrate", "revision", "--autogenerate", "-m", "nothing new")
    [written] = set(versions.glob("*.py")) - before
    assert "op." not in written.read_text()
    assert not (tmp_path / "data").exists()


@pytest.mark.usefixtures("data_dir")
def test_revisions_are_written_formatted_and_the_first_creates_the_ledger(tmp_path: Path) -> None:
    versions = copied_sample(tmp_path).parent / "versions"
    for revision in versions.glob("*.py"):
        revision.unlink()
    (tmp_path / "pyproject.toml").write_text(FORMAT)
    run(tmp_path, "migrate", "revision", "--autogenerate", "-m", "create the ledger")
    [first] = versions.glob("*.py")
    assert "create_operations(" in first.read_text()
    run(tmp_path, "migrate", "revision", "-m", "something by hand")
    written = [*versions.glob("*.py")]
    assert len(written) == 2
    for tool in (["isort"], ["black", "--config", "pyproject.toml"]):
        check = [sys.executable, "-m", *tool, "--check", *map(str, written)]
        done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
