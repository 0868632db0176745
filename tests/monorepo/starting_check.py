"""`./pants` says at once what is wrong with a command, however it is written."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from monorepo.workspace import AUTHOR, Workspace, environment

IN_USE = "content: {data} is in use by process {process}: stop that one first, or set DATA_DIR"
SPELLINGS = (
    "src/python/apps/content:service",
    "//src/python/apps/content:service",
    "./src/python/apps/content:service",
    "src/python/apps/content/service.py",
)


@pytest.fixture(scope="module", autouse=True)
def without_database() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "CONTENT_DATABASE_URL", "DATA_DIR", "SECRETS_DIR"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="module")
def service(workspace_copy: Workspace) -> Iterator[str]:
    """The ID of the process of a service that `./pants run` runs."""
    with subprocess.Popen(
        ["./pants", "--no-dynamic-ui", "run", SPELLINGS[0], "--", "--port", "0"],
        cwd=workspace_copy.root,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert any("content's ledger runs at" in line for line in running.stdout)
        yield (workspace_copy.root / ".ledger/content/postgresql.service.lock").read_text()
        running.send_signal(signal.SIGINT)
        running.stdout.read()


@pytest.mark.parametrize("target", SPELLINGS)
@pytest.mark.parametrize("arguments", [[], ["--", "--port", "8001"], ["--", "migrate"]])
def test_a_database_in_use_is_reported_before_pants_starts(
    workspace_copy: Workspace, service: str, target: str, arguments: list[str]
) -> None:
    started = time.monotonic()
    done = workspace_copy.run("./pants", "run", target, *arguments)
    assert done.returncode == 1
    data = workspace_copy.root.resolve() / ".ledger/content/postgresql"
    assert done.stdout.startswith(IN_USE.format(data=data, process=service)), done.stdout
    assert time.monotonic() - started < 20  # Pants itself would wait for a minute


def test_a_command_without_the_database_runs_beside_the_service(
    workspace_copy: Workspace, service: str
) -> None:
    done = workspace_copy.run("./pants", "run", SPELLINGS[1], "--", "openapi")
    assert done.returncode == 0, done.stdout
    assert "runs already, so this command starts without a daemon" in done.stdout
    assert '"openapi": "3.' in done.stdout
    assert len(list(workspace_copy.root.glob(".pids/run-*"))) == 1


@pytest.mark.parametrize(
    "goals", [["lint"], ["lint", "check", "test"], ["--no-dynamic-ui", "test"]]
)
def test_a_goal_without_targets_fails(workspace_copy: Workspace, goals: list[str]) -> None:
    done = workspace_copy.run("./pants", *goals)
    assert done.returncode == 1
    assert "pants: no targets specified" in done.stdout


@pytest.mark.parametrize(
    "command, problem",
    [
        ("run src/python/apps/content", "The run goal only works with one valid target"),
        ("run src/python/apps/content:service --port 8001", "Unknown flags --port"),
        ("lint", "pants: no targets specified"),
    ],
)
def test_the_readme_has_what_a_command_that_is_written_wrongly_says(
    workspace_copy: Workspace, command: str, problem: str
) -> None:
    done = workspace_copy.run("./pants", *command.split())
    assert done.returncode == 1
    assert problem in done.stdout.replace("`", ""), done.stdout
    assert f"| `{problem}` |" in (workspace_copy.root / "README.md").read_text()


def test_the_help_of_a_goal_needs_no_targets(workspace_copy: Workspace) -> None:
    done = workspace_copy.run("./pants", "lint", "--help")
    assert done.returncode == 0 and "lint" in done.stdout, done.stdout


def test_the_callers_own_python_and_home_do_not_matter(
    workspace_copy: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "packaging.py").write_text("raise SystemExit('a library of the caller')")
    callers = (f"PYTHONPATH={tmp_path}", f"PYTHONHOME={tmp_path}", "PEX_MODULE=this")
    command = ("./pants", "migrate", "alembic/travel::", "--", "heads")
    done = workspace_copy.run("env", "-u", "HOME", *callers, *command)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^\w+ \(head\)$", done.stdout, re.MULTILINE), done.stdout


def test_pants_is_installed_again_when_its_python_is_gone(
    workspace_copy: Workspace, tmp_path: Path
) -> None:
    locks = "3rdparty/python/pants.lock 3rdparty/python/pex.lock"
    named = workspace_copy.run("bash", "-c", f"cat {locks} | cksum | tr ' ' -").stdout.strip()
    programs = tmp_path / named / "pants/bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to("/nowhere/python3.9")
    for name in ("ok", "env"):
        (tmp_path / named / name).touch()
    python = tmp_path / "python3.9"
    python.write_text(
        '#!/usr/bin/env bash\n[[ "$*" != "-E -s - "* ]] || { echo "installs"; exit 1; }'
    )
    python.chmod(0o755)
    settings = (f"PANTS_BOOTSTRAP_DIR={tmp_path}", f"PANTS_PYTHON={python}")
    done = workspace_copy.run("env", *settings, "./pants", "--version")
    assert (done.returncode, done.stdout) == (1, "installs\n")


def test_no_script_needs_a_newer_bash_than_that_of_macos(workspace_copy: Workspace) -> None:
    newer = r"\[-\d|\b(mapfile|readarray|coproc|declare -[An])\b|\$\{\w+(,|\^|@[A-Z])|&>>|\|&"
    root = workspace_copy.root
    scripts = (root / "pants", *root.glob(".ci/*"), *root.glob("scripts/*"))
    lines = [line for script in scripts for line in script.read_text().splitlines()]
    assert [line for line in lines if re.search(newer, line)] == []


@pytest.mark.parametrize("base", ["nosuch", "", "HEAD HEAD", "unrelated"])
def test_a_wrong_base_fails(workspace: Workspace, base: str) -> None:
    tree = workspace.run("git", "rev-parse", "HEAD^{tree}").stdout.strip()
    commit = workspace.run("git", *AUTHOR, "commit-tree", "-m", "unrelated", tree).stdout.strip()
    assert re.fullmatch("[0-9a-f]{40}", commit)
    workspace.run("git", "branch", "--force", "unrelated", commit)
    done = workspace.run("bash", "-c", f"./pants $(.ci/affected {base}) lint check test")
    assert done.returncode == 1
    assert "affected: " in done.stdout, done.stdout
    assert "bad revision 'no-such-base...HEAD'" in done.stdout, done.stdout
    done = workspace.run("bash", "-c", f"./pants $(ci/affected {base}) lint check test")
    assert done.returncode == 1
    assert "pants: no targets specified" in done.stdout, done.stdout
