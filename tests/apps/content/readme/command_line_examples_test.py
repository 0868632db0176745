"""The examples of docs/command-line.md print what it shows."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from apps.content.ledger import LEDGER
from core.cli.commands import NAMES
from core.cli.main import program_of
from core.testing.databases import Databases

TEXT = Path("docs/command-line.md").read_text()


def without_times_and_nonces(output: str) -> str:
    output = re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", output, flags=re.MULTILINE)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", output)


def test_the_examples_print_what_is_shown(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", databases.migrated("content").get_secret_value())
    [block] = re.findall(r"^```console\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    examples = re.findall(r"^\$ content (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    assert len(examples) == 7
    for arguments, shown in examples:
        done = CliRunner().invoke(program_of(LEDGER), shlex.split(arguments), prog_name="content")
        assert without_times_and_nonces(done.output) == without_times_and_nonces(shown)


def test_every_command_is_in_the_table() -> None:
    assert {name for name in NAMES if re.search(rf"^\|.*`{name}\b.*\|", TEXT, re.MULTILINE)} == {
        *NAMES
    }
