"""Compares the wall time of the tests that a change of one app affects with that of all tests."""

import tempfile
import time
from pathlib import Path

from monorepo.workspace import Workspace


def timed(workspace: Workspace, *arguments: str) -> float:
    start = time.perf_counter()
    done = workspace.pants(*arguments)
    taken = time.perf_counter() - start
    if done.returncode:  # failing tests are shown, but timed like all others
        print(*(line for line in done.stdout.splitlines() if line.startswith("✕")), sep="\n")
    return taken


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ledger-") as folder:
        workspace = Workspace(Path(folder))
        try:
            workspace.replace_apps()
            workspace.commit()
            # A warm-up, in which Pants starts its daemon and builds the environments of the tests.
            timed(workspace, "test", "tests/core/settings/environment_test.py")
            whole = timed(workspace, "test", "--force", "::")
            changed = workspace.root / "src/python/apps/travel/operations.py"
            # Different each time, so that no cached result of an earlier run applies.
            changed.write_text(f"{changed.read_text()}\n# changed at {time.time_ns()}\n")
            affected = ("--changed-since=HEAD", "--changed-dependents=transitive")
            part = timed(workspace, *affected, "test")
        finally:
            workspace.close()
    print(f"tests affected by a change of travel: {part:.1f} s")
    print(f"the whole suite: {whole:.1f} s")
    print(f"ratio: {part / whole:.2f}")


if __name__ == "__main__":
    main()
