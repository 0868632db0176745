"""Runs the tests that take minutes: poolers, frozen databases, slow clients, large exports.

They are in files called `*_trial.py`, beside the other tests of what they try.
"""

import sys
from pathlib import Path

import pytest

# These folders have no trials, or a program of their own, as those in a browser have: console.py.
# Importing their tests would need further dependencies.
NOT_TRIED = ("benchmarks", "core/console/browser", "monorepo", "trials", "type_checking")

if __name__ == "__main__":
    tests = str(Path(__file__).parents[1])
    options = ["-o", "python_files=*_trial.py", "-p", "no:cacheprovider"]
    ignored = [f"--ignore={tests}/{folder}" for folder in NOT_TRIED]
    sys.exit(pytest.main([*options, *ignored, *sys.argv[1:], tests]))
