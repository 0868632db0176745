"""The commands that messages name: those that work from where their reader is."""

import os
import shlex
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path


def package() -> str | None:
    """Returns the path of the PEX file that runs; None in a clone."""
    pex = os.environ.get("PEX", "")  # set by a PEX file, and for a script of Pants, too
    return pex if os.path.isfile(pex) and zipfile.is_zipfile(pex) else None


def program(app: str, *arguments: str) -> str:
    """Returns a command of the app's program: the PEX file, its unpacked form, or ./pants."""
    pex = package()
    if pex is not None:
        return f"python3 {shlex.quote(os.path.relpath(pex))} {shlex.join(arguments)}"
    unpacked = Path(sys.prefix, "pex")  # as in a container
    if unpacked.is_file() and Path(__file__).resolve().is_relative_to(Path(sys.prefix).resolve()):
        return shlex.join([str(unpacked), *arguments])
    return in_clone(app, *arguments)


def in_clone(app: str, *arguments: str) -> str:
    """Returns a command of the app's program that works in a clone only: it writes a revision."""
    return f"./pants run src/python/apps/{app}:service -- {' '.join(arguments)}"


def write_revision(app: str, message: str) -> str:
    """Returns the command with which Alembic writes what the app's operations need."""
    return in_clone(app, "migrate", "revision", "--autogenerate", "-m", f'"{message}"')


def without_migration(app: str, operations: Iterable[str]) -> str:
    """Returns a message about operations that no migration has, so that migrating does not help."""
    return (
        f"No migration has the operations {', '.join(operations)}: write one in a clone with "
        f"{write_revision(app, 'what it changes')}, and migrate"
    )
