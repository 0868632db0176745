"""Core is clean under pyright strict, as an editor shows it."""

import shutil
from pathlib import Path

from type_checking.typing_cases import SOURCES, pyright_errors


def test_nothing_is_red(tmp_path: Path) -> None:
    # A copy, for pyright reads its settings from the folder that it checks.
    shutil.copytree(SOURCES / "core", tmp_path / "core")
    assert pyright_errors(tmp_path, ["core"]) == {}
