"""A start that fails says why in one line, at once."""

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.embedded import data_folder, postgresql_server, programs
from core.embedded.copied_data import copied
from core.embedded.postgresql_server import postgresql
from core.embedded.start_failures import reason
from core.ledgers.errors import ConfigurationError
from core.testing.databases import execute
from core.testing.waiting import until

SECONDS = 20  # far more than needed, and far less than what a server may take to start


def message(data: Path) -> str:
    """The message of a start that fails."""
    before = time.monotonic()
    with pytest.raises(ConfigurationError) as caught:
        with postgresql(data, setting="SHOP_DATA_DIR"):
            pass
    assert time.monotonic() - before < SECONDS
    assert "\n" not in str(caught.value)
    return str(caught.value)


def readable_by_others(data: Path) -> None:
    data.chmod(0o755)


def of_another_version(data: Path) -> None:
    (data / "PG_VERSION").write_text("17\n")


def with_an_unknown_setting(data: Path) -> None:
    with (data / "postgresql.conf").open("a") as file:
        file.write("colour = blue\n")


def without_its_control_file(data: Path) -> None:
    (data / "global" / "pg_control").unlink()


def without_its_wal(data: Path) -> None:
    (data / "pg_wal").rename(data / "elsewhere")


@pytest.mark.parametrize(
    "damage, why",
    [
        (readable_by_others, "invalid permissions. Permissions should be u=rwx (0700)"),
        (of_another_version, "by PostgreSQL version 17, which is not compatible with this"),
        (with_an_unknown_setting, 'unrecognized configuration parameter "colour"'),
        (without_its_control_file, "pg_control"),
        (without_its_wal, 'required WAL directory "pg_wal" does not exist'),
    ],
)
def test_the_message_is_what_the_server_logged(
    tmp_path: Path, data: Path, damage: Callable[[Path], None], why: str
) -> None:
    damage(data)
    shown = message(data)
    assert shown.startswith("PostgreSQL did not start: ") and why in shown
    assert shown.endswith(f" (its log: {tmp_path / 'data.log'})")


ENDINGS = {
    "kill -9 $$": ": it was killed by SIGKILL",
    "exit 3": ": it wrote no reason",
    "exec /nowhere": "/nowhere",
}


@pytest.mark.parametrize("program", ["initdb", "postgres"])
def test_a_program_that_ends_at_once_is_noticed_at_once(
    tmp_path: Path, initialized: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    if program == "postgres":  # initdb has run before
        copied(initialized, tmp_path / "data")

    def command(data: Path, name: str, *arguments: str) -> list[str]:
        if name == program:
            return ["/bin/sh", "-c", ending, "sh"]
        return programs.unprivileged_command(data, name, *arguments)

    for module in (data_folder, postgresql_server):
        monkeypatch.setattr(module, "unprivileged_command", command)
    for ending, why in ENDINGS.items():
        assert why in message(tmp_path / "data")
    monkeypatch.undo()
    with postgresql(tmp_path / "data") as url:
        assert execute(url, "SELECT 1") == [(1,)]


def test_a_server_that_does_not_answer_is_reported_and_killed(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def command(*_: object) -> list[str]:
        return ["/bin/sh", "-c", "trap '' INT; echo $$ > pid; while true; do sleep 0.1; done"]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(postgresql_server, "unprivileged_command", command)
    monkeypatch.setattr(postgresql_server, "_START_SECONDS", 0.5)
    monkeypatch.setattr(postgresql_server, "_STOP_SECONDS", 0.5)
    assert "it accepted no connection within 0.5 s" in message(data)
    pid = int((tmp_path / "pid").read_text())
    until(lambda: not Path(f"/proc/{pid}/cwd").exists(), "the server is still running")


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        assert re.search("disk space|No space left", message(disk / "data"))  # of initdb
        (disk / "filling").write_bytes(bytes(1000))
        with contextlib.suppress(OSError), (disk / "filling").open("ab") as file:
            while True:
                file.write(bytes(4096))
                file.flush()
        assert "No space left on device" in message(disk / "other")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_folder_that_cannot_be_created_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    shown = message(tmp_path / "file" / "data")
    assert f"cannot use {tmp_path / 'file' / 'data'}: Not a directory; set SHOP_DATA_DIR" in shown


def test_what_the_server_answers_to_clients_is_not_the_reason() -> None:
    log = """2026-11-25 19:12:02.162 UTC [8627] LOG:  starting PostgreSQL 18.4
2026-11-25 19:12:02.163 UTC [8634] FATAL:  the database system is starting up
2026-11-25 19:12:02.164 UTC [8635] FATAL:  could not open the file
2026-11-25 19:12:02.164 UTC [8635] HINT:  Close it first.
2026-11-25 19:12:02.165 UTC [8627] LOG:  shutting down
"""
    assert reason(log, 1) == "could not open the file. Close it first"
