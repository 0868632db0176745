"""The speed of PostgreSQL itself: pgbench runs one statement per post, and nothing else."""

import re
import subprocess
import tempfile
from pathlib import Path

from pydantic import SecretStr

from benchmarks.traffic import HOT as HOT_OWNER
from benchmarks.traffic import OWNERS
from core.embedded.programs import binary

# Updates a balance and inserts an entry, unless that would overdraw: the store's statement for a
# single post, without the check that the nonce is new.
_POST = """
WITH owner AS (
  UPDATE sample.ledger_balance SET balance = balance + 1
  WHERE owner_id = {owner} AND balance + 1 >= 0
  RETURNING owner_id, balance
)
INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)
SELECT 'DAILY_REWARD', 1, gen_random_uuid()::text, owner_id FROM owner
RETURNING id, created_on, (SELECT balance FROM owner);
"""

SPREAD = rf"\set number random(0, {OWNERS - 1})" + _POST.format(owner="'owner-' || :number")
HOT = _POST.format(owner=f"'{HOT_OWNER}'")


def rate(url: SecretStr, script: str, *, connections: int, seconds: float, prepared: bool) -> float:
    """Posts per second. By default, pgbench does not use prepared statements."""
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
