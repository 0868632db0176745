"""LOG_FORMAT decides the form of every line that a service writes, whoever writes it."""

import json
from pathlib import Path

from pydantic import SecretStr

from core.testing.service_process import logged_service


def test_every_line_of_a_service_is_an_object_with_the_format_json(
    tmp_path: Path, url: SecretStr
) -> None:
    path = tmp_path / "log"
    settings: dict[str, str | SecretStr] = {"DATABASE_URL": url, "ACCESS_LOG": "true"}
    with (
        path.open("w") as log,
        logged_service(log, "sample.service", LOG_FORMAT="json", **settings) as running,
    ):
        running.client.get("/ledger/ann", headers={"X-Request-ID": "one"})
        running.stop()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert {"core.access", "uvicorn.error"} <= {line["logger"] for line in lines}
    [access] = [line for line in lines if line["logger"] == "core.access"]
    assert (access["request_id"], access["status"]) == ("one", 200)


def test_a_line_of_text_is_the_default(tmp_path: Path, url: SecretStr) -> None:
    path = tmp_path / "log"
    with path.open("w") as log, logged_service(log, "sample.service", DATABASE_URL=url) as running:
        running.client.get("/ledger/ann")
        running.stop()
    lines = path.read_text().splitlines()
    assert any(" INFO uvicorn.error: " in line for line in lines)
    assert not any(" core.access" in line for line in lines)
