"""A copy of the workspace, in which checks change files and run Pants."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from core.new_app.definition import new_app
from core.new_app.own_lock import PRELUDE, SETTINGS
from core.new_app.placing import place

# Set by the Pants that runs the checks; the Pants that they run must not inherit it.
_NOT_INHERITED = ("PANTS_", "PEX", "PYTHON", "VIRTUAL_ENV")


def environment() -> dict[str, str]:
    """Returns this process's variables without those of its Pants, with TEST_PACKAGES set."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_INHERITED)}
    return {**inherited, "TEST_PACKAGES": "yes"}


AUTHOR = ("-c", "user.name=copy", "-c", "user.email=copy@localhost")
"""The options of git with which a copy can be committed to."""


def remove_lines(path: Path, text: str) -> None:
    """Removes the lines of a file that contain `text`."""
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if text not in line))


class Workspace:
    """A copy, in the folder `root`, of every file that git tracks or would add."""

    def __init__(self, root: Path) -> None:
        self.root = root
        here = Path(__file__).parent
        listed = self._stdout_of(
            "git", "ls-files", "-z", "-co", "--exclude-standard", ":/", cwd=here
        )
        top = Path(self._stdout_of("git", "rev-parse", "--show-toplevel", cwd=here).strip())
        for name in filter(None, listed.split("\0")):
            source, target = here / name, root / os.path.relpath(here / name, top)
            if source.exists():  # not deleted in the working tree
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)

    def replace_apps(self) -> None:
        """Replaces the apps by two that do not change with the workspace's: content and travel."""
        deployment = self.root / ".github/workflows/deploy.yml"
        for build in self.root.glob("src/python/apps/*/BUILD"):
            app = build.parent.name
            for folder in ("src/python/apps", "alembic", "tests/apps"):
                shutil.rmtree(self.root / folder / app)
            for document in self.root.glob(f"docs/*/{app}.json"):
                document.unlink()
            remove_lines(deployment, f" {app.upper()}_DATABASE_URL: ")
        self._share_one_lock()
        content = new_app("content", ["CONTENT_CREATION=-5", "CONTENT_ACCESS=0"])
        travel = new_app("travel", ["BOOKING_REWARD=5", "LOYALTY_BONUS=2"], as_class=True)
        for new in (content, travel):
            place(new, self.root)

    def _share_one_lock(self) -> None:
        """Removes the apps' own locks, so that all apps of the copy use the default lock."""
        settings, prelude = self.root / SETTINGS, self.root / PRELUDE
        for pins in [*self.root.glob("3rdparty/python/*.pins")]:
            for path in [*pins.parent.glob(f"{pins.stem}.*")]:
                path.unlink()
            remove_lines(settings, f"/{pins.stem}.lock")
        text = re.sub(r"^OWN_LOCK = \([^)]*\)", "OWN_LOCK = ()", prelude.read_text(), flags=re.M)
        prelude.write_text(text)

    def commit(self) -> None:
        """Makes the copy a git repository, and commits all of its files."""
        for words in (["init", "-q"], ["add", "-A"], [*AUTHOR, "commit", "-qm", "copy"]):
            self._stdout_of("git", *words, cwd=self.root)

    def reset(self) -> None:
        """Undoes all changes since the commit."""
        self._stdout_of("git", "reset", "-q", "--hard", cwd=self.root)
        # Also ignored files, such as the bytecode of an app. Pants runs in the first two folders.
        kept = ("-e", ".pants.d", "-e", ".pids", "-e", ".ledger")
        self._stdout_of("git", "clean", "-fdxq", *kept, cwd=self.root)

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def pants(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self.run("./pants", "--no-dynamic-ui", *arguments)

    def output(self, *arguments: str) -> str:
        """What a goal prints, without the log of Pants. Raises CalledProcessError if it fails."""
        command = ("./pants", "--no-dynamic-ui", *arguments)
        return subprocess.run(
            command,
            cwd=self.root,
            env=environment(),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            cwd=self.root,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @contextmanager
    def service(self, command: str) -> Iterator[httpx.Client]:
        """Runs a service on a free port, with the command that starts it, and yields a client."""
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command} -- --port 0"],
            cwd=self.root,
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            greeting = next((line for line in process.stdout if "runs at" in line), None)
            assert greeting, f"{command} ended with exit code {process.wait()}"
            with httpx.Client(base_url=greeting.split()[-1], timeout=60) as client:
                yield client
        finally:
            process.terminate()
            process.communicate()

    def close(self) -> None:
        """Stops the Pants daemons of the copy."""
        for pid in self.root.glob(".pids/**/pantsd/pid"):
            os.kill(int(pid.read_text()), signal.SIGTERM)

    def _stdout_of(self, *command: str, cwd: Path) -> str:
        return subprocess.run(
            command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True
        ).stdout
