"""Reads the files that name a server's process, and removes those that a crash has left behind."""

import os
import subprocess
from pathlib import Path


def remove_stale_files(data: Path, socket: Path) -> None:
    """Removes the files that name the process of a server that is gone.

    If another process has the same ID by now, as is common in containers, PostgreSQL would take it
    for a running server. Call this only while `data` is claimed, so that no server of this library
    runs. Where somebody has started one without it, the files stay, and PostgreSQL decides.
    """
    if not processes_in(data):
        for file in (data / "postmaster.pid", *socket.glob(".s.PGSQL.*")):
            file.unlink(missing_ok=True)


def says_ready(data: Path) -> bool:
    """Whether postmaster.pid, which may be left from a crash, says that the server is ready."""
    try:
        lines = (data / "postmaster.pid").read_bytes().splitlines()
    except FileNotFoundError:
        return False
    return [line.strip() for line in lines[7:]] == [b"ready"]


def processes_in(data: Path) -> list[int]:
    """Returns the processes whose working directory is `data`, as it is PostgreSQL's."""
    processes = list(Path("/proc").glob("[0-9]*"))
    if not processes:  # macOS
        command = ["/usr/sbin/lsof", "-t", "-a", "-d", "cwd", "--", str(data)]
        listed = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        return [int(pid) for pid in listed.stdout.split()]
    return sorted(int(process.name) for process in processes if _works_in(process, data))


def _works_in(process: Path, data: Path) -> bool:
    try:
        return os.path.samefile(process / "cwd", data)
    except OSError:  # it has ended, or is another user's
        return False
