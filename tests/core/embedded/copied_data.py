"""Copies data folders, which is much faster than running initdb."""

import subprocess
from pathlib import Path


def copied(data: Path, to: Path) -> Path:
    """Copies the folder of a stopped server, and returns the copy."""
    subprocess.run(["cp", "-pR", data, to], check=True)  # much faster than shutil.copytree
    return to
