"""What is deployed: one file for each app, with what that app needs and nothing else."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from core.testing.databases import Databases

each_app = pytest.mark.parametrize("app, other", [("content", "travel"), ("travel", "content")])


def run(app: str, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    foreign = ("PEX", "PYTHON", "DATABASE_URL")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return subprocess.run(
        [sys.executable, Path(f"{app}.pex").resolve(), *arguments],
        env={**inherited, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )


@each_app
def test_has_its_migrations_and_neither_the_other_app_nor_a_database(app: str, other: str) -> None:
    names = zipfile.ZipFile(f"{app}.pex").namelist()
    assert f"apps/{app}/service.py" in names and f"{app}/alembic.ini" in names
    assert any(name.startswith(f"{app}/versions/") for name in names)
    for foreign in (f"apps/{other}/", f"{other}/", "core/testing/", "pytest", "hypothesis"):
        assert not [name for name in names if name.startswith(foreign)]
    assert not [name for name in names if "pgserver" in name]


@each_app
def test_says_so_when_no_database_is_given(app: str, other: str) -> None:
    done = run(app)
    assert done.returncode == 1
    assert "No database is given" in done.stdout and "DATABASE_URL" in done.stdout
    assert "Traceback" not in done.stdout


@each_app
def test_migrates_and_then_no_longer_refuses(app: str, other: str, databases: Databases) -> None:
    url = databases.empty()
    assert "Migrate it first" in run(app, "--port", "0", DATABASE_URL=url).stdout
    assert run(app, "migrate", DATABASE_URL=url).returncode == 0
    assert "(head)" in run(app, "migrate", "current", DATABASE_URL=url).stdout
