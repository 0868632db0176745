"""`scripts/embedded-in-use` refuses the commands that need a database which a service uses."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path("scripts/embedded-in-use").resolve()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    """A workspace in which process 42 serves the app content."""
    folder = tmp_path / ".ledger/content"
    folder.mkdir(parents=True)
    with open(folder / "postgresql.service.lock", "w", encoding="ascii") as lock:
        print("42", end="", file=lock, flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield tmp_path


def refusal(workspace: Path, command: str, app: str = "content", **variables: str) -> str:
    """Returns the message, or an empty string if the command may run."""
    env = {name: value for name, value in os.environ.items() if "DATA" not in name} | variables
    words = [sys.executable, str(SCRIPT), app, str(workspace), *command.split()]
    done = subprocess.run(words, env=env, stderr=subprocess.PIPE, text=True)
    assert done.returncode == bool(done.stderr)
    return done.stderr


@pytest.mark.parametrize(
    "command",
    [
        *("", "--port 0", "serve", "migrate", "migrate revision", "rename-from shop", "verify"),
        *("export --owner ann", "replay", "balance ann", "history ann", "post ann CREDIT_ADD"),
    ],
)
def test_a_command_that_needs_the_database_is_refused(workspace: Path, command: str) -> None:
    message = refusal(workspace, command)
    assert "postgresql is in use by process 42: stop that one first" in message
    assert "add --url with its address" in message


@pytest.mark.parametrize(
    "command",
    [
        *("--help", "--version", "describe", "documents", "openapi", "sbom", "keys new till"),
        *("verify --help", "balance ann --help", "migrate revision --autogenerate -m gifts"),
        *("balance ann --url http://127.0.0.1:8000", "history ann --url=http://127.0.0.1:8000"),
        "blance ann",  # the program says what is wrong
    ],
)
def test_another_command_is_not(workspace: Path, command: str) -> None:
    assert refusal(workspace, command) == ""


@pytest.mark.parametrize("name", ["LEDGER_URL", "CONTENT_LEDGER_URL"])
def test_the_address_of_a_service_may_be_a_variable(workspace: Path, name: str) -> None:
    assert refusal(workspace, "post ann CREDIT_ADD", **{name: "http://127.0.0.1:8000"}) == ""
    assert refusal(workspace, "verify", **{name: "http://127.0.0.1:8000"})


def test_another_database_is_not_in_use(workspace: Path) -> None:
    assert refusal(workspace, "", app="travel") == ""
    assert refusal(workspace, "", DATABASE_URL="postgresql://localhost/ledger") == ""
    assert refusal(workspace, "", CONTENT_DATA_DIR=str(workspace / "other")) == ""
