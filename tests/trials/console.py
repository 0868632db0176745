"""Runs the tests of the console in a real browser: ./pants run tests/trials/console.py

The tests are in tests/core/console/browser. They are skipped if no browser is found.
"""

import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    tests = Path(__file__).parents[1] / "core" / "console" / "browser"
    # -rs lists the tests that were skipped, and why.
    options = ["-o", "python_files=*_trial.py", "-p", "no:cacheprovider", "-rs"]
    sys.exit(pytest.main([*options, *sys.argv[1:], str(tests)]))
