"""The folder that an embedded server keeps its data in: made once, used by one server at a time."""

import fcntl
import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from core.embedded.programs import unprivileged_command
from core.ledgers.errors import ConfigurationError

_KILLED_SECONDS = 1  # until a killed process is gone
_STOP_SECONDS = 60


@contextmanager
def claimed(data: Path) -> Generator[int, None, None]:
    """Claims the folder for this process until the block ends, and makes it when it is missing.

    Yields a file descriptor for the server's processes to inherit: it keeps the folder claimed
    for as long as one of them runs. Raises ConfigurationError when the folder is in use.
    """
    data.mkdir(parents=True, exist_ok=True)
    ours, servers = (data.with_name(f"{data.name}.{of}.lock") for of in ("service", "server"))
    in_use = (
        f"{data} is in use by process {{pid}}: stop that one first, or set DATA_DIR to another "
        "folder or DATABASE_URL to a server"
    )
    still_running = f"The last server of {data} is still running: stop it first"
    # The first lock ends with this process, the second with the last of the server's processes: a
    # server whose service was killed is shutting down, and worth waiting for.
    with (
        _locked(ours, in_use, wait=_KILLED_SECONDS) as mine,
        _locked(servers, still_running, wait=_STOP_SECONDS) as its,
    ):
        mine.truncate(0)
        print(os.getpid(), end="", file=mine, flush=True)
        yield its.fileno()


def initialize(data: Path) -> None:
    """Runs initdb, unless the folder has a server's data already."""
    if (data / "PG_VERSION").exists():
        return
    if any(data.iterdir()):
        raise ConfigurationError(
            f"{data} is not empty, and not a PostgreSQL server's: choose another"
        )
    # A folder is a server's once PG_VERSION is there; initdb writes that before it has finished,
    # so it works beside the folder, which takes its place in one step.
    with tempfile.TemporaryDirectory(prefix=f"{data.name}.new-", dir=data.parent) as parent:
        new = Path(parent) / "data"
        new.mkdir(mode=0o700)
        done = subprocess.run(
            unprivileged_command(new, "initdb", "-D", str(new), "--username=postgres")
            + ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions", "--no-sync"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise ConfigurationError(f"PostgreSQL's initdb failed:\n{done.stdout}")
        new.replace(data)


def socket_folder(data: Path) -> Path:
    """A short path, the same one each time: a Unix socket's may have 107 bytes only."""
    digest = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"ledger-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise ConfigurationError(f"{folder} belongs to another user: remove it")
    return folder


@contextmanager
def _locked(file: Path, in_use: str, *, wait: float) -> Generator[TextIO, None, None]:
    """Holds the lock of this name; waits for whoever has it, then complains that it is `in_use`."""
    with file.open("a+") as lock:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    lock.seek(0)
                    raise ConfigurationError(in_use.replace("{pid}", lock.read())) from None
                time.sleep(0.05)
        yield lock
