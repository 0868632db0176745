"""A copy of the workspace, to change and to run Pants in."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

# Pants runs these checks; what it sets for them is not for the Pants that they run.
_FOREIGN = ("PANTS_", "PEX", "PYTHON", "VIRTUAL_ENV")


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}


class Workspace:
    """Every file that git has, or would add, below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        here = Path(__file__).parent
        listed = self._output("git", "ls-files", "-z", "-co", "--exclude-standard", ":/", cwd=here)
        top = Path(self._output("git", "rev-parse", "--show-toplevel", cwd=here).strip())
        for name in filter(None, listed.split("\0")):
            source, target = here / name, root / os.path.relpath(here / name, top)
            if source.exists():  # not deleted in the working tree
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)

    def commit(self) -> None:
        """Makes the copy a git repository whose one commit is what it has now."""
        author = ("-c", "user.name=copy", "-c", "user.email=copy@localhost")
        for words in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "copy"]):
            self._output("git", *words, cwd=self.root)

    def reset(self) -> None:
        """Undoes what was changed since the commit."""
        self._output("git", "reset", "-q", "--hard", cwd=self.root)
        self._output("git", "clean", "-fdq", cwd=self.root)

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def pants(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self.run("./pants", "--no-dynamic-ui", *arguments)

    def answer(self, *arguments: str) -> str:
        """What Pants prints, without its log; the goal must succeed."""
        command = ("./pants", "--no-dynamic-ui", *arguments)
        return subprocess.run(
            command,
            cwd=self.root,
            env=_environment(),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            cwd=self.root,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def close(self) -> None:
        """Ends the copy's own Pants daemons."""
        for pid in self.root.glob(".pids/**/pantsd/pid"):
            os.kill(int(pid.read_text()), signal.SIGTERM)

    def _output(self, *command: str, cwd: Path) -> str:
        return subprocess.run(
            command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True
        ).stdout
