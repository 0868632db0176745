"""docs/operating/logs.md shows the line that a service logs for a repeated post."""

import json
import re
from pathlib import Path

from core.keys.api_keys import new_key
from core.service.sample_requests import entry
from core.testing.databases import Databases
from core.testing.service_process import logged_service

PAGE = Path("docs/operating/logs.md").read_text()
TIME, DURATION = ("2026-11-29T07:08:54.120394+00:00", 0.002113)


def test_the_line_is_the_one_shown(databases: Databases, tmp_path: Path) -> None:
    token, line = new_key("shop", ["post"], None, [])
    url, path = databases.migrated("sample"), tmp_path / "log"
    settings = {"LOG_FORMAT": "json", "ACCESS_LOG": "true", "API_KEYS": line}
    with (
        path.open("w") as log,
        logged_service(log, "sample.service", DATABASE_URL=url, **settings) as running,
    ):
        for number in (1, 2):
            headers = {"Authorization": f"Bearer {token}", "X-Request-ID": f"order-1.try-{number}"}
            running.client.post("/ledger", json=entry("alice", "order-1"), headers=headers)
        running.stop()
    [_, repeated] = [each for each in path.read_text().splitlines() if '"core.access"' in each]
    printed = json.dumps({**json.loads(repeated), "time": TIME, "duration": DURATION})
    [shown] = re.findall(r"^\{.*\}$", PAGE, re.MULTILINE)
    assert shown == printed, f"docs/operating/logs.md must show:\n{printed}"


def test_the_table_has_every_field_of_the_line() -> None:
    [shown] = re.findall(r"^\{.*\}$", PAGE, re.MULTILINE)
    of_any_line = {"time", "level", "logger", "message", "request_id"}
    cells = re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
    assert {*json.loads(shown)} - of_any_line == {*re.findall("`(.*?)`", " ".join(cells))}
