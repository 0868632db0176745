"""Runs the checks of the workspace itself: `./pants run tests/monorepo:checks`."""

import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    here = str(Path(__file__).parent)
    # Without tests/conftest.py, whose fixtures are for tests of the ledger.
    options = ["-o", "python_files=*_check.py", "-p", "no:cacheprovider", f"--confcutdir={here}"]
    # Two files at a time: Pants spends much of its time in one thread.
    options += ["--numprocesses=2", "--dist=loadfile"]
    sys.exit(pytest.main([*options, *sys.argv[1:], here]))
