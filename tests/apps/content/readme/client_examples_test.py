"""The examples of docs/client.md and of the README's client do what the text says."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from apps.content.operations import ContentLedgerOperation
from core.client.ledger_client import LedgerClient
from core.testing.databases import Databases
from core.testing.service_process import service


def blocks(document: str) -> list[str]:
    text = Path(document).read_text()
    found: list[str] = re.findall(r"^```python\n(.*?)```", text, re.MULTILINE | re.DOTALL)
    return found


def run(code: str, address: str, names: dict[str, Any]) -> None:
    exec(compile(code.replace("http://127.0.0.1:8000", address), "example", "exec"), names)


def test_the_examples_of_the_client_run(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    operations, *examples = blocks("docs/client.md")
    module = ModuleType("content_operations")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(operations, vars(module))
    copied = vars(module)["ContentLedgerOperation"]
    assert [each.value for each in copied] == [each.value for each in ContentLedgerOperation]
    [short] = [block for block in blocks("README.md") if "LedgerClient" in block]
    assert len(examples) == 5
    with service("apps.content.service", DATABASE_URL=databases.migrated("content")) as running:
        names: dict[str, Any] = {}
        for example in examples:
            run(example, running.address, names)
        [bobs] = capsys.readouterr().out.splitlines()
        assert bobs.endswith(" CREDIT_ADD 10 10")
        run(short, running.address, {})
        shown = [line.split()[-3:] for line in capsys.readouterr().out.splitlines()]
        assert shown == [["CREDIT_ADD", "10", "10"]]


def test_every_call_is_in_the_table() -> None:
    calls = {name for name in dir(LedgerClient) if not name.startswith("_")} - {"close"}
    text = Path("docs/client.md").read_text()
    assert {call for call in calls if f"`{call}(" in text} == calls
