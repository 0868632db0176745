"""`verify` and `export` need no more memory for a large ledger."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.testing.databases import Databases, execute
from core.testing.process_environment import environment

FILL = """
INSERT INTO sample.ledger_balance VALUES ('many', 300000);
INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)
SELECT 'DAILY_REWARD', 1, 'nonce ' || n, 'many' FROM generate_series(1, 300000) AS n
"""

# Runs the program, and then prints the most memory that it has had.
MEASURED = """
import atexit, re, runpy, sys
atexit.register(
    lambda: print(
        re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr
    )
)
runpy.run_module("sample.service", run_name="__main__", alter_sys=True)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system has no /proc")
@pytest.mark.parametrize("arguments", [["verify"], ["export", "--format", "ndjson"]])
def test_memory_does_not_grow_with_the_ledger(databases: Databases, arguments: list[str]) -> None:
    url = databases.migrated("sample")
    execute(url, FILL)

    def peak(*more: str) -> int:
        """The most memory, in kB. That of a child's resource usage would include its parent's."""
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, *arguments, *more],
            env=environment(DATABASE_URL=url),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=300,
            check=True,
        )
        return int(done.stderr.split()[-1])

    assert peak() < peak("--owner", "nobody") + 20_000
