"""What pyright reports at the root of the workspace, and so Pylance to everyone who opens it."""

import json
import subprocess
import sys
from pathlib import Path

from monorepo.workspace import Workspace, environment


def test_pyright_reports_nothing_but_the_members_of_extend_enum(tmp_path: Path) -> None:
    copy = Workspace(tmp_path)
    copy.replace_apps()
    pyright = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(
        # With the project, because pyright prefers a pyrightconfig.json of any parent folder.
        [*pyright, "--project", str(tmp_path)],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] > 200
    errors = [
        (str(Path(error["file"]).relative_to(tmp_path.resolve())), error["message"].split("\n")[0])
        for error in report["generalDiagnostics"]
        if error["severity"] == "error"
    ]
    # Of the checks' two apps, content has the form of extend_enum.
    assert errors == [
        (
            "src/python/apps/content/ledger.py",
            f'Cannot access attribute "{member}" for class "type[BaseLedgerOperation]"',
        )
        for member in ("CONTENT_CREATION", "CONTENT_ACCESS")
    ]
