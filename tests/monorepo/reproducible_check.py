"""A package depends on the commit and on nothing else: anybody can build it again and compare."""

from hashlib import sha256
from pathlib import Path

from monorepo.workspace import Workspace


def built(root: Path, prepare: str, *options: str) -> str:
    """The hash of a package that is built in a new copy of the workspace."""
    workspace = Workspace(root)
    app = sorted(workspace.root.glob("src/python/apps/*/BUILD"))[0].parent.name
    goal = f"./pants --no-dynamic-ui {' '.join(options)} package src/python/apps/{app}:pex"
    try:
        done = workspace.run("bash", "-c", f"{prepare} && {goal}")
        assert done.returncode == 0, done.stdout
        return sha256((workspace.root / f"dist/{app}.pex").read_bytes()).hexdigest()
    finally:
        workspace.close()


def test_two_builds_of_a_package_have_the_same_bytes(tmp_path: Path) -> None:
    elsewhere = "umask 077 && export TZ=Asia/Tokyo LC_ALL=C USER=other"
    first = built(tmp_path / "one", "true")
    # Without cached results, which could hide a difference.
    assert first == built(tmp_path / "another/path", elsewhere, "--no-local-cache")
