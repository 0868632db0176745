"""A server starts after a crash, whatever the crash has left behind, and never beside another."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.embedded import data_folder, postgresql_server
from core.embedded.copied_data import copied
from core.embedded.postgresql_server import postgresql
from core.embedded.programs import binary, unprivileged_command
from core.embedded.server_socket import socket_folder
from core.embedded.stale_files import processes_in
from core.ledgers.errors import ConfigurationError
from core.testing.databases import execute
from core.testing.waiting import until


@pytest.fixture(scope="module")
def crashed(initialized: Path) -> Path:
    """The data folder of a server that was killed, with a table and its postmaster.pid."""
    data = copied(initialized, initialized.with_name("crashed"))
    with postgresql(data) as url:
        execute(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        kill_server(data)
    assert (data / "postmaster.pid").exists()
    return data


@pytest.fixture
def data(tmp_path: Path, crashed: Path) -> Path:
    return copied(crashed, tmp_path / "data")


def server_pid(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().split()[0])


def kill_server(data: Path) -> None:
    os.kill(server_pid(data), signal.SIGKILL)
    until(lambda: not processes_in(data), "a process of the server is still running")


@contextmanager
def stranger() -> Iterator[int]:
    """The ID of a process that has nothing to do with PostgreSQL."""
    process = subprocess.Popen(["sleep", "600"])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def assert_starts(data: Path) -> None:
    with postgresql(data) as url:
        assert execute(url, "SELECT answer FROM kept") == [(42,)]


def test_the_process_id_of_a_stranger_does_not_prevent_a_start(data: Path) -> None:
    with stranger() as pid:
        rest = (data / "postmaster.pid").read_text().partition("\n")[2]
        (data / "postmaster.pid").write_text(f"{pid}\n{rest}")
        assert_starts(data)


def test_the_own_process_id_does_not_prevent_a_start(data: Path) -> None:
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")
    assert_starts(data)


def test_a_damaged_file_does_not_prevent_a_start(data: Path) -> None:
    for content in ("", "\n", "no number\n"):
        (data / "postmaster.pid").write_text(content)
        assert_starts(data)


def test_a_stale_socket_does_not_prevent_a_start(data: Path) -> None:
    (data / "postmaster.pid").unlink()
    with stranger() as pid, socket_folder(data) as folder:
        lock = folder / ".s.PGSQL.5432.lock"
        lock.write_text(f"{pid}\n{data}\n0\n5432\n{folder}\n")
        assert_starts(data)


def test_an_unfinished_initdb_leaves_nothing_behind(tmp_path: Path) -> None:
    unfinished = tmp_path / "data.new-1" / "data"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with postgresql(tmp_path / "data"):
        pass
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"data", "data.log", "data.server.lock", "data.service.lock"}


@contextmanager
def started_by_hand(data: Path, socket: Path) -> Iterator[int]:
    """A server of the folder that does not know our locks."""
    options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={socket}"]
    server = subprocess.Popen(unprivileged_command(data, "postgres", "-D", str(data), *options))
    try:
        probe = [binary("pg_isready"), "--quiet", "--host", str(socket)]
        until(lambda: not subprocess.run(probe).returncode, "the server did not start")
        yield server.pid
        assert server.poll() is None
    finally:
        server.kill()
        server.wait()


@pytest.mark.parametrize("in_file", ["its own", "a stranger's", "none"])
def test_a_server_that_was_started_by_hand_is_left_alone(
    data: Path, tmp_path: Path, in_file: str
) -> None:
    (tmp_path / "socket").mkdir()
    pid_file = data / "postmaster.pid"
    with started_by_hand(data, tmp_path / "socket") as pid, stranger() as other:
        if in_file == "a stranger's":
            pid_file.write_text(pid_file.read_text().replace(str(pid), str(other), 1))
        elif in_file == "none":
            pid_file.unlink()
        before = pid_file.read_text() if pid_file.exists() else None
        with pytest.raises(ConfigurationError, match="did not start: .*(postmaster|shared memory)"):
            with postgresql(data):
                pass
        assert before == (pid_file.read_text() if pid_file.exists() else None)
    until(lambda: not processes_in(data), "a process of the server is still running")
    assert_starts(data)


def test_a_process_that_outlives_its_server_prevents_a_start_and_is_named(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgresql(data):
        [backend] = [pid for pid in processes_in(data) if pid != server_pid(data)][:1]
        os.kill(backend, signal.SIGSTOP)
        os.kill(server_pid(data), signal.SIGKILL)
        until(lambda: processes_in(data) == [backend], "the other processes are still running")
    monkeypatch.setattr(data_folder, "_STOP_SECONDS", 0.1)
    with pytest.raises(ConfigurationError, match=rf"stop it first \(its processes: {backend}\)"):
        with postgresql(data):
            pass
    os.kill(backend, signal.SIGKILL)
    until(lambda: not processes_in(data), "the process is still running")
    assert_starts(data)


def test_a_server_that_does_not_stop_is_killed(
    data: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(postgresql_server, "_STOP_SECONDS", 0.5)
    with postgresql(data):
        os.kill(server_pid(data), signal.SIGSTOP)
    assert "PostgreSQL has not shut down in 0.5 s: it is killed" in caplog.text
    assert_starts(data)
