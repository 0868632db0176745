"""The README's example requests, which are for content's service, return what it shows."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

from core.testing.databases import Databases
from core.testing.service_process import service

README = Path("README.md").read_text()


def examples() -> list[tuple[str, str]]:
    """Each curl command, with the response below it."""
    return re.findall(r"^\$ (curl .*)\n(\{.*\})$", README, re.MULTILINE)


def without_what_differs(body: Any) -> Any:
    if isinstance(body, dict):
        return {
            key: "" if key in ("created_on", "request_id") else without_what_differs(value)
            for key, value in body.items()
        }
    return body


def test_the_example_requests_return_the_responses_shown(databases: Databases) -> None:
    assert len(examples()) == 5
    with service("apps.content.service", DATABASE_URL=databases.migrated("content")) as running:
        for command, expected in examples():
            words = shlex.split(command)
            path = words[-1].removeprefix("http://127.0.0.1:8000")
            if "-d" in words:
                name, value = words[words.index("-H") + 1].split(": ")
                content = words[words.index("-d") + 1]
                response = running.client.post(path, content=content, headers={name: value})
            else:
                response = running.client.get(path)
            shown = json.loads(expected)
            received = without_what_differs(response.json())
            # As text, because the order of the members is shown, too.
            assert json.dumps(received) == json.dumps(without_what_differs(shown)), command


def test_the_greeting_matches_the_one_shown(tmp_path: Path) -> None:
    [shown] = re.findall(r"\$ \./pants run \S+:service\n(.*?)```", README, re.DOTALL)
    with service("apps.content.service", DATA_DIR=str(tmp_path)) as running:
        greeting = running.greeting.replace(running.address, "http://127.0.0.1:8000")
        greeting = greeting.replace(str(tmp_path), "/home/you/ledger/.ledger")
        assert greeting.strip().startswith(shown.strip())
