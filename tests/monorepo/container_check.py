"""The unpacked package of the Containerfile works on a read-only file system."""

import json
import re
import subprocess
import sys
from pathlib import Path

from core.testing.databases import Databases
from core.testing.process_environment import in_clear
from monorepo.workspace import Workspace, environment


def files(folder: Path) -> dict[Path, int]:
    """Each file of the folder, with the time of its last change."""
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}


def test_the_unpacked_package_runs_and_writes_nothing(
    workspace: Workspace, databases: Databases, tmp_path: Path
) -> None:
    app = sorted(workspace.root.glob("src/python/apps/*/BUILD"))[0].parent.name
    done = workspace.run("./pants", "package", f"src/python/apps/{app}:pex")
    assert done.returncode == 0, done.stdout
    containerfile = (workspace.root / "Containerfile").read_text()
    [unpack] = re.findall("^RUN (.*)$", containerfile, re.MULTILINE)
    [entry_point] = re.findall("^ENTRYPOINT (.*)$", containerfile, re.MULTILINE)
    unpack = unpack.replace("python3", sys.executable).replace(
        "/ledger.pex", str(workspace.root / f"dist/{app}.pex")
    )
    unpacked = tmp_path / "ledger"
    # It deletes its PEX_ROOT.
    variables = {**environment(), "PEX_ROOT": str(tmp_path / "root")}
    command = unpack.replace(" /ledger", f" {unpacked}")
    subprocess.run(["/bin/sh", "-c", command], env=variables, check=True)
    before = files(unpacked)
    [program] = (each.replace("/ledger/", f"{unpacked}/") for each in json.loads(entry_point))
    for arguments in (["--version"], ["migrate", "--help"], ["serve", "--help"]):
        done = subprocess.run([program, *arguments], env=variables, capture_output=True, text=True)
        assert (done.returncode, app in done.stdout) == (0, True), done.stderr
    variables |= in_clear({"DATABASE_URL": databases.empty()})
    done = subprocess.run([program, "serve"], env=variables, capture_output=True, text=True)
    assert done.stderr.endswith(f"has no ledger of {app!r} yet. Create it: {program} migrate\n")
    assert files(unpacked) == before
