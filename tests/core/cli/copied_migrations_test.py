"""The program of an app whose migrations have two heads, or are in a folder with an odd name."""

import os
import sys
from pathlib import Path

import pytest

from core.testing.databases import Databases, execute
from core.testing.process_environment import environment
from core.testing.programs import run
from migrations.copied_sample import HEAD, copied_sample

TWO_HEADS = (
    "The migrations have more than one head: one, two. Order them, or merge them: "
    './pants migrate alembic/sample:: -- merge heads -m "merge"'
)


@pytest.mark.parametrize(
    "command, database",
    [
        ("serve --port 0", "given"),
        ("serve --port 0", "embedded"),
        ("--version", "given"),
        ("migrate", "given"),
        ("migrate", "embedded"),
        ("migrate upgrade head --sql", "embedded"),
    ],
)
def test_two_heads_are_refused_in_the_same_words(
    databases: Databases, tmp_path: Path, data_dir: str, command: str, database: str
) -> None:
    ini = copied_sample(tmp_path, one=HEAD, two=HEAD)
    path = os.pathsep.join([str(ini.parent.parent), *sys.path])
    url = databases.empty()
    settings = {"DATA_DIR": data_dir} if database == "embedded" else {"DATABASE_URL": url}
    done = run("sample.service", *command.split(), env=environment(PYTHONPATH=path, **settings))
    assert done.returncode == 1
    assert done.stderr.endswith(f"sample: {TWO_HEADS}\n")
    assert "Traceback" not in done.stderr
    assert not execute(url, "SELECT FROM pg_class WHERE relname = 'ledger_entry'")


@pytest.mark.parametrize("folder", ["100%", "%(here)s", "a b+c&d,e;f=g"])
def test_the_program_finds_its_head_in_any_folder(tmp_path: Path, folder: str) -> None:
    ini = copied_sample(tmp_path / folder)
    path = os.pathsep.join([str(ini.parent.parent), *sys.path])
    done = run("sample.service", "--version", env=environment(PYTHONPATH=path))
    assert f"head migration {HEAD}" in done.stdout
