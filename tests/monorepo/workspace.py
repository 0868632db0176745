"""A copy of the workspace, in which checks change files and run Pants."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

# Set by the Pants that runs the checks; the Pants that they run must not inherit it.
_NOT_INHERITED = ("PANTS_", "PEX", "PYTHON", "VIRTUAL_ENV")


def environment() -> dict[str, str]:
    """Returns this process's variables without those of the Pants that runs it."""
    return {k: v for k, v in os.environ.items() if not k.startswith(_NOT_INHERITED)}


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

    def commit(self) -> None:
        """Makes the copy a git repository, and commits all of its files."""
        author = ("-c", "user.name=copy", "-c", "user.email=copy@localhost")
        for words in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "copy"]):
            self._stdout_of("git", *words, cwd=self.root)

    def reset(self) -> None:
        """Undoes all changes since the commit."""
        self._stdout_of("git", "reset", "-q", "--hard", cwd=self.root)
        self._stdout_of("git", "clean", "-fdq", cwd=self.root)

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

    def close(self) -> None:
        """Stops the Pants daemons of the copy."""
        for pid in self.root.glob(".pids/**/pantsd/pid"):
            os.kill(int(pid.read_text()), signal.SIGTERM)

    def _stdout_of(self, *command: str, cwd: Path) -> str:
        return subprocess.run(
            command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True
        ).stdout
