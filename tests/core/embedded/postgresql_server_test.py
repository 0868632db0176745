"""The embedded server keeps its data, never runs twice, and stops with the process that runs it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from core.embedded.copied_data import copied
from core.embedded.postgresql_server import postgresql
from core.ledgers.errors import ConfigurationError
from core.testing.databases import execute
from core.testing.waiting import until

# A program that runs a server until its standard input ends, or until it is killed.
PROGRAM = """
import sys
from pathlib import Path
from core.embedded.postgresql_server import postgresql
with postgresql(Path(sys.argv[1])) as url:
    print(url.get_secret_value(), flush=True)
    sys.stdin.read()
"""


def start_program(data: Path) -> tuple["subprocess.Popen[str]", SecretStr]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(data)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, SecretStr(process.stdout.readline().strip())


def stop(process: "subprocess.Popen[str]") -> int:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.close()
    process.stdout.close()
    return process.wait(60)


def server_pid(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().split()[0])


def wait_until_gone(pid: int) -> None:
    until(lambda: not _exists(pid), f"server {pid} is still running")


def _exists(pid: int) -> bool:
    if Path(f"/proc/{pid}").exists():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_data_survives_a_restart(data: Path) -> None:
    with postgresql(data) as url:
        execute(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        pid = server_pid(data)
    wait_until_gone(pid)
    with postgresql(data) as again:
        assert again == url
        assert execute(again, "SELECT answer FROM kept") == [(42,)]


def test_the_server_is_durable_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def recorded(command: list[str], **more: Any) -> "subprocess.CompletedProcess[str]":
        commands.append(command)
        return run(command, **more)

    commands: list[list[str]] = []
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", recorded)
    with postgresql(tmp_path / "data") as url:
        assert execute(url, "SHOW fsync") == execute(url, "SHOW full_page_writes") == [("on",)]
    [initdb] = (command for command in commands if "initdb" in " ".join(command))
    assert "--no-sync" not in initdb


def test_killing_the_process_stops_the_server_and_loses_no_commit(data: Path) -> None:
    process, url = start_program(data)
    execute(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    pid = server_pid(data)
    process.send_signal(signal.SIGKILL)
    # Immediately, while the first server may still be shutting down.
    with postgresql(data) as again:
        assert server_pid(data) != pid
        assert execute(again, "SELECT answer FROM kept") == [(42,)]
    wait_until_gone(pid)
    stop(process)


def test_the_error_names_the_process_that_uses_the_data(data: Path) -> None:
    process, url = start_program(data)
    with pytest.raises(ConfigurationError, match=f"in use by process {process.pid}: stop that one"):
        with postgresql(data):
            pass
    assert execute(url, "SELECT 1") == [(1,)]
    assert stop(process) == 0


def test_two_folders_have_separate_servers(tmp_path: Path, data: Path) -> None:
    copy = copied(data, tmp_path / "copy")
    with postgresql(data) as one, postgresql(copy) as two:
        assert one != two
        execute(one, "CREATE TABLE only_here ()")
        assert execute(two, "SELECT to_regclass('only_here')") == [(None,)]


def test_a_failed_start_shows_the_server_log(data: Path) -> None:
    with postgresql(data):
        pass
    (data / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(ConfigurationError, match="not compatible"):
        with postgresql(data):
            pass


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.txt").write_text("precious")
    with pytest.raises(ConfigurationError, match="is not empty"):
        with postgresql(tmp_path / "data"):
            pass
    assert (tmp_path / "data" / "thesis.txt").read_text() == "precious"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to switch to another user")
def test_root_without_user_namespaces_runs_the_server_as_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("this machine has no setpriv")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "setpriv").symlink_to(setpriv)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))  # which has no unshare
    for _ in range(2):
        with postgresql(tmp_path / "data") as url:
            execute(url, "CREATE TABLE IF NOT EXISTS kept ()")
            assert (tmp_path / "data").stat().st_uid == 65534
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="refuses to run as root"):
        with postgresql(tmp_path / "other"):
            pass
