"""Creates the data folder of an embedded server, and locks it for one server at a time."""

import fcntl
import glob
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from core.embedded.programs import unprivileged_command
from core.embedded.stale_files import processes_in
from core.embedded.start_failures import reason
from core.ledgers.errors import ConfigurationError

_KILLED_SECONDS = 1  # for a killed process to disappear
_STOP_SECONDS = 60  # for a server to shut down


@contextmanager
def claimed(data: Path, setting: str = "DATA_DIR") -> Generator[int, None, None]:
    """Locks the folder for this process until the end of the block, and creates it if missing.

    Yields a file descriptor for the server's processes to inherit. The folder stays locked until
    the last process that has it ends. `setting` is the variable that names the folder.

    Raises ConfigurationError if the folder is in use.
    """

    def in_use(holder: str) -> str:
        return (
            f"{data} is in use by process {holder}: stop that one first, or set {setting} to "
            "another folder, or DATABASE_URL to the `database` that it printed; `balance`, "
            "`history` and `post` can also ask it: add --url with its address"
        )

    def still_running(_: str) -> str:
        processes = ", ".join(map(str, processes_in(data))) or "not visible here"
        return (
            f"The previous server of {data} is still running: stop it first (its processes: "
            f"{processes})"
        )

    data.mkdir(parents=True, exist_ok=True)
    service_lock, server_lock = (
        data.with_name(f"{data.name}.{of}.lock") for of in ("service", "server")
    )
    # This process holds the first lock, and the server's processes hold the second. If the service
    # was killed, only the second is still held, by a server that is shutting down: wait for it.
    with (
        _locked(service_lock, in_use, wait=_KILLED_SECONDS) as service_file,
        _locked(server_lock, still_running, wait=_STOP_SECONDS) as server_file,
    ):
        service_file.truncate(0)
        print(os.getpid(), end="", file=service_file, flush=True)
        yield server_file.fileno()


def initialize(data: Path, durable: bool) -> None:
    """Runs initdb, unless the folder already contains a server's data.

    If it is to be `durable`, a new folder is on the disk when this returns. Call this only while
    `data` is claimed. Raises ConfigurationError if it fails.
    """
    unfinished = f"{data.name}.new-"
    for folder in data.parent.glob(f"{glob.escape(unfinished)}*"):
        shutil.rmtree(folder, ignore_errors=True)  # that of a process that was killed
    if (data / "PG_VERSION").exists():
        return
    if any(data.iterdir()):
        raise ConfigurationError(
            f"{data} is not empty and is not a PostgreSQL data folder: choose another folder"
        )
    # PG_VERSION marks a complete folder, but initdb writes it before it has finished. So initdb
    # runs in a temporary folder, which then replaces the real one in one atomic step.
    with tempfile.TemporaryDirectory(prefix=unfinished, dir=data.parent) as parent:
        new = Path(parent) / "data"
        new.mkdir(mode=0o700)
        done = subprocess.run(
            unprivileged_command(new, "initdb", "-D", str(new), "--username=postgres")
            + ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"]
            + ([] if durable else ["--no-sync"]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        if done.returncode:
            why = reason(done.stdout, done.returncode)
            raise ConfigurationError(f"PostgreSQL's initdb failed in {data.parent}: {why}")
        new.replace(data)
    if durable:
        parent_folder = os.open(data.parent, os.O_RDONLY)
        os.fsync(parent_folder)
        os.close(parent_folder)


@contextmanager
def _locked(
    file: Path, in_use: Callable[[str], str], *, wait: float
) -> Generator[TextIO, None, None]:
    """Holds a lock on `file` until the end of the block, and waits up to `wait` seconds for it.

    If another process still holds it, raises ConfigurationError with the message that `in_use`
    makes of what the file contains.
    """
    with file.open("a+") as lock:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    lock.seek(0)
                    raise ConfigurationError(in_use(lock.read())) from None
                time.sleep(0.05)
        yield lock
