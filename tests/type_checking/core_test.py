"""pyright finds no errors in core, in the strict mode that pyproject.toml sets for editors."""

import shutil
from pathlib import Path

from type_checking.typing_cases import SOURCES, pyright_errors


def test_core_has_no_errors(tmp_path: Path) -> None:
    # A copy, because pyright reads its settings from the folder that it checks.
    shutil.copytree(SOURCES / "core", tmp_path / "core")
    assert pyright_errors(tmp_path, ["core"]) == {}
