"""Copies data folders, which takes a fraction of what initdb takes."""

import subprocess
from pathlib import Path


def copied(data: Path, to: Path) -> Path:
    """Copies the folder of a server that does not run, and returns the copy."""
    subprocess.run(["cp", "-pR", data, to], check=True)  # much faster than shutil.copytree
    return to
