"""How tests check a program that they edit: with mypy's daemon, and with its cache."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import mypy.api
import pytest

from type_checking.typing_cases import write_config

FILES = ("ledger.py", "match.py", "operations.py")

Run = Callable[[], str]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An empty folder for the modules that are checked: those of FILES."""
    write_config(tmp_path)
    return tmp_path


@pytest.fixture(params=["daemon", "cache"])
def check(
    app: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    """A function that checks the app as it is now, and returns what mypy prints."""
    monkeypatch.chdir(app)
    if request.param == "cache":
        yield lambda: "".join(mypy.api.run([*FILES, "--show-traceback"])[:2])
        return

    def dmypy(*arguments: str) -> str:
        command = [sys.executable, "-m", "mypy.dmypy", "--status-file", str(app / "dmypy.json")]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True)
        return done.stdout + done.stderr

    try:
        yield lambda: dmypy("run", "--", *FILES, "--show-traceback")
    finally:
        dmypy("stop")
