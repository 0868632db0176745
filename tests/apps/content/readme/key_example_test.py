"""docs/security.md shows what `keys new` prints, with the beginning of the key and of its hash."""

import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from apps.content.ledger import LEDGER
from core.cli.main import program_of

TEXT = Path("docs/security.md").read_text()


def test_the_new_key_has_the_form_shown() -> None:
    [(arguments, shown)] = re.findall(
        r"^\$ .*content:service -- (keys new[^\n]*)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL
    )
    done = CliRunner().invoke(program_of(LEDGER), shlex.split(arguments))
    assert done.exit_code == 0, done.output
    printed = done.stdout
    assert without_secrets(shown) == without_secrets(printed), f"It prints, say:\n{printed}"


def without_secrets(output: str) -> str:
    return re.sub(r"\b(lk_|sha256:)[\w-]+…?", r"\1…", output)
