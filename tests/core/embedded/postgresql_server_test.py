"""The embedded server: keeps its data, never runs twice, never outlives whoever started it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.embedded.postgresql_server import postgresql
from core.ledgers.errors import ConfigurationError
from core.testing.databases import execute

# Another process that runs a server until it is told to stop, or is killed.
HOLDER = """
import sys
from pathlib import Path
from core.embedded.postgresql_server import postgresql
with postgresql(Path(sys.argv[1])) as url:
    print(url.get_secret_value(), flush=True)
    sys.stdin.read()
"""


def start_holder(data: Path) -> tuple["subprocess.Popen[str]", SecretStr]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    return holder, SecretStr(holder.stdout.readline().strip())


def close(holder: "subprocess.Popen[str]") -> int:
    assert holder.stdin is not None and holder.stdout is not None
    holder.stdin.close()
    holder.stdout.close()
    return holder.wait(60)


def server_pid(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().split()[0])


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists() or _answers(pid):
        assert time.monotonic() < deadline, f"the server {pid} outlives its holder"
        time.sleep(0.02)


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_data_survives_a_restart(tmp_path: Path) -> None:
    with postgresql(tmp_path / "data") as url:
        execute(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        pid = server_pid(tmp_path / "data")
    wait_until_gone(pid)
    with postgresql(tmp_path / "data") as again:
        assert again == url
        assert execute(again, "SELECT answer FROM kept") == [(42,)]


def test_is_durable_unless_told_otherwise(tmp_path: Path) -> None:
    with postgresql(tmp_path / "data") as url:
        assert execute(url, "SHOW fsync") == execute(url, "SHOW full_page_writes") == [("on",)]


def test_a_killed_holder_leaves_no_server_and_loses_no_commit(tmp_path: Path) -> None:
    data = tmp_path / "data"
    holder, url = start_holder(data)
    execute(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    pid = server_pid(data)
    holder.send_signal(signal.SIGKILL)
    # At once, while the first server may still be on its way down.
    with postgresql(data) as again:
        assert server_pid(data) != pid
        assert execute(again, "SELECT answer FROM kept") == [(42,)]
    wait_until_gone(pid)
    close(holder)


def test_a_second_holder_is_told_who_holds_the_data(tmp_path: Path) -> None:
    holder, url = start_holder(tmp_path / "data")
    with pytest.raises(ConfigurationError, match=f"in use by process {holder.pid}: stop that one"):
        with postgresql(tmp_path / "data"):
            pass
    assert execute(url, "SELECT 1") == [(1,)]
    assert close(holder) == 0


def test_two_folders_have_two_servers(tmp_path: Path) -> None:
    with postgresql(tmp_path / "one") as one, postgresql(tmp_path / "two") as two:
        assert one != two
        execute(one, "CREATE TABLE only_here ()")
        assert execute(two, "SELECT to_regclass('only_here')") == [(None,)]


def test_a_failed_start_shows_the_servers_log(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with postgresql(data):
        pass
    (data / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(ConfigurationError, match="not compatible"):
        with postgresql(data):
            pass


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.txt").write_text("precious")
    with pytest.raises(ConfigurationError, match="is not empty"):
        with postgresql(tmp_path / "data"):
            pass
    assert (tmp_path / "data" / "thesis.txt").read_text() == "precious"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs to become somebody else")
def test_root_without_user_namespaces_becomes_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("this machine has no setpriv")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "setpriv").symlink_to(setpriv)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))  # and no unshare
    for _ in range(2):
        with postgresql(tmp_path / "data") as url:
            execute(url, "CREATE TABLE IF NOT EXISTS kept ()")
            assert (tmp_path / "data").stat().st_uid == 65534
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="refuses to run as root"):
        with postgresql(tmp_path / "other"):
            pass
