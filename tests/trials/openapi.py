"""Sends the requests that Schemathesis derives from the OpenAPI document, for some minutes.

Among much else, it checks that requests are accepted if and only if they conform to the document,
whose schemas therefore have to say all that is enforced.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from core.settings.groups import DatabaseSettings
from core.testing.databases import throwaway_databases
from core.testing.process_environment import environment
from core.testing.threaded_service import served
from sample.ledger import LEDGER

# The ledger's own refusals, such as `insufficient_balance`, depend on its state. No schema can say
# which requests get them. A request that is malformed gets a 422, which is not among these.
_CONFIGURATION = """
[[operations]]
include-method = "POST"

[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 409]

# Nor can a schema say which cursors were made, and which times are in the past.
[[operations]]
include-name = "GET /ledger/{owner_id}/entries"

[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400]

[[operations]]
include-name = ["GET /ledger/{owner_id}", "GET /ledger/batch"]

[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 422]
"""

_PHASES = "examples,coverage,fuzzing"  # the other one, stateful, finds nothing in many minutes


def main() -> None:
    with (
        throwaway_databases() as databases,
        served(LEDGER, DatabaseSettings(database_url=databases.migrated(LEDGER.name))) as client,
        tempfile.TemporaryDirectory() as folder,
    ):
        Path(folder, "schemathesis.toml").write_text(_CONFIGURATION)
        Path(folder, "openapi.json").write_text(client.get("/openapi.json").text)
        schemathesis = [sys.executable, "-m", "schemathesis.cli", "run", "openapi.json"]
        options = ["--url", f"{client.base_url}", "--checks", "all", "--phases", _PHASES]
        command = [*schemathesis, *options, "--seed", "1"]
        run = subprocess.run(command, cwd=folder, env=environment())
    sys.exit(run.returncode)


if __name__ == "__main__":
    main()
