"""The program imports the command that runs, and no other."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from core.cli import commands
from core.cli.main import program_of
from core.testing.process_environment import environment
from core.testing.programs import run
from sample.ledger import LEDGER

_PROGRAM = """
import sys
from contextlib import suppress
from core.cli.commands import command
from core.cli.main import main
from sample.ledger import LEDGER
names = sys.argv[1:]
sys.argv[1:] = ["migrate", "--help"]
with suppress(SystemExit):
    main(LEDGER)
for name in names:
    assert command(name, LEDGER) is not None, name
print(*(module for module in ("fastapi", "starlette", "uvicorn") if module in sys.modules))
"""


def test_commands_without_a_service_do_not_import_it_and_log_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, "migrate", "describe", "verify", "export", "keys"],
        env=environment(LOG_LEVEL="info"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ") and done.stdout.endswith("\n\n")


@pytest.mark.parametrize("name", commands.NAMES)
def test_each_command_has_its_name(name: str) -> None:
    made = commands.command(name, LEDGER)
    assert made is not None and made.name == name


def test_the_help_lists_every_command() -> None:
    done = CliRunner().invoke(program_of(LEDGER), ["--help"])
    assert done.exit_code == 0
    lines = [line.split() for line in done.stdout.partition("Commands:\n")[2].splitlines()]
    assert [line[0] for line in lines if line][: len(commands.NAMES)] == list(commands.NAMES)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk_is_reported_without_a_traceback() -> None:
    with open("/dev/full", "wb") as full:
        done = run("sample.service", "describe", env=environment(), stdout=full)
    assert done.returncode == 1
    assert done.stderr == "sample: [Errno 28] No space left on device\n"


def test_another_word_is_wrong_usage() -> None:
    done = CliRunner().invoke(program_of(LEDGER), ["balances"])
    assert done.exit_code == 2 and "No such command 'balances'" in done.stderr
    assert "Did you mean 'balance'?" in done.stderr


def test_a_key_without_a_scope_is_told_which_there_are() -> None:
    done = CliRunner().invoke(program_of(LEDGER), ["keys", "new", "till"])
    assert done.exit_code == 2 and "Missing option '--scope'" in done.stderr
    sentence = " ".join(done.stderr.split())
    assert "Use read, post or post:DAILY_REWARD, post:SIGNUP_CREDIT, " in sentence


@pytest.mark.parametrize(
    "before, incomplete, completions",
    [
        ([], "hi", {"history"}),
        (["post", "ann"], "CREDIT_", {"CREDIT_ADD", "CREDIT_SPEND"}),
        (["history", "ann", "--operation"], "BOOK", {"BOOKING_REWARD"}),
    ],
)
def test_shells_complete_commands_and_operations(
    before: list[str], incomplete: str, completions: set[str]
) -> None:
    complete = BashComplete(program_of(LEDGER), {}, "sample", "_SAMPLE_COMPLETE")
    assert {item.value for item in complete.get_completions(before, incomplete)} == completions
