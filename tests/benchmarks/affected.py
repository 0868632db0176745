"""Compares the tests that a change of one app affects to the whole suite, in wall time."""

import tempfile
import time
from pathlib import Path

from monorepo.workspace import Workspace


def seconds(workspace: Workspace, *arguments: str) -> float:
    start = time.perf_counter()
    done = workspace.pants(*arguments)
    taken = time.perf_counter() - start
    if done.returncode:  # a failing test takes its time as well
        print(*(line for line in done.stdout.splitlines() if line.startswith("✕")), sep="\n")
    return taken


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ledger-") as folder:
        workspace = Workspace(Path(folder))
        try:
            workspace.commit()
            # What Pants does once: its daemon, and the environments of the tests.
            seconds(workspace, "test", "tests/core/settings_test.py")
            whole = seconds(workspace, "test", "--force", "::")
            changed = workspace.root / "src/python/apps/travel/operations.py"
            # Differs each time, so that no result of an earlier run fits.
            changed.write_text(f"{changed.read_text()}\n# changed at {time.time_ns()}\n")
            affected = ("--changed-since=HEAD", "--changed-dependents=transitive")
            part = seconds(workspace, *affected, "test")
        finally:
            workspace.close()
    print(f"tests that a change of travel affects: {part:.1f} s")
    print(f"the whole suite: {whole:.1f} s")
    print(f"ratio: {part / whole:.2f}")


if __name__ == "__main__":
    main()
