"""What PostgreSQL itself can do: one statement for each post, with pgbench and nothing else."""

import re
import subprocess
import tempfile
from pathlib import Path

from pydantic import SecretStr

from benchmarks.traffic import HOT as HOT_OWNER
from benchmarks.traffic import OWNERS
from core.embedded.programs import binary

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


def rate(url: SecretStr, script: str, *, connections: int, seconds: float, prepared: bool) -> float:
    """Posts per second. Not `prepared` is pgbench's default."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "script.sql")
        file.write_text(script)
        done = subprocess.run(
            [binary("pgbench"), "--no-vacuum", f"--file={file}", f"--client={connections}"]
            + [f"--jobs={min(2, connections)}", f"--time={max(1, round(seconds))}"]
            + [f"--protocol={'prepared' if prepared else 'simple'}", url.get_secret_value()],
            capture_output=True,
            text=True,
            check=True,
        )
    [found] = re.findall(r"tps = ([\d.]+)", done.stdout)
    return float(found)
