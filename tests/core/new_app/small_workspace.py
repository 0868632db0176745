"""The files of a small workspace, and those that a new app adds to it."""

import re
from pathlib import Path

DEPLOYMENT = """
      - run: ./pants $AFFECTED migrate --or-newer
        env:
          CONTENT_DATABASE_URL: ${{ secrets.CONTENT_DATABASE_URL }}
          TRAVEL_DATABASE_URL: ${{ secrets.TRAVEL_DATABASE_URL }}
      - run: ./pants $AFFECTED package
"""


LOCK = "pydantic==2.1 --hash=sha256:0\n"


def files(workspace: Path) -> dict[str, str]:
    return {
        str(path.relative_to(workspace)): path.read_text()
        for path in workspace.rglob("*")
        if path.is_file()
    }


def check_all_are_listed(written: set[str], printed: str) -> None:
    listed = re.findall(r"^  (\S+/\S+)  ", printed, re.MULTILINE)
    for name in written:
        assert any(name.startswith(each) for each in listed), f"{name} is not listed"
