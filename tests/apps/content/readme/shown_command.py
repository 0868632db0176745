"""Runs a command of content's program that a page shows."""

import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from apps.content.ledger import LEDGER
from core.cli.main import program_of


def shown_and_printed(page: str, command: str) -> tuple[str, str]:
    """Returns the output that the page shows, and the output of the same command line.

    The page must have one example of the command.
    """
    [(arguments, shown)] = re.findall(
        rf"^\$ .*content:service -- ({command}[^\n]*)\n(.*?)^```",
        Path(page).read_text(),
        re.MULTILINE | re.DOTALL,
    )
    done = CliRunner().invoke(program_of(LEDGER), shlex.split(arguments))
    assert done.exit_code == 0, done.output
    return shown, done.stdout
