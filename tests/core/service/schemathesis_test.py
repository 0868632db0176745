"""Requests that Schemathesis derives from the OpenAPI document get the responses that it documents.

Among much else, Schemathesis checks that requests are accepted if and only if they conform to the
document, whose schemas therefore have to say all that is enforced.
"""

import subprocess
import sys
from pathlib import Path

from httpx import Client

from core.testing.service_process import environment

# The ledger's own refusals, such as `insufficient_balance`, depend on its state. No schema can say
# which requests get them. A request that is malformed gets a 422, which is not among these.
CONFIGURATION = """
[[operations]]
include-method = "POST"

[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 409]
"""


PHASES = "examples,coverage,fuzzing"  # the other one, stateful, takes minutes


def test_schemathesis_finds_no_failure(client: Client, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    command = [sys.executable, "-m", "schemathesis.cli", "run", "openapi.json"]
    (tmp_path / "openapi.json").write_text(client.get("/openapi.json").text)
    run = subprocess.run(
        [
            *command,
            "--url",
            f"{client.base_url}",
            "--checks",
            "all",
            "--phases",
            PHASES,
            "--seed",
            "1",
        ],
        cwd=tmp_path,
        env=environment(NO_COLOR="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout
