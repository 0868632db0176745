"""Core, and an app of the class form, are clean under pyright strict, as an editor shows them."""

import shutil
from pathlib import Path

from core.testing.typing_cases import SOURCES, pyright_errors


def test_nothing_is_red(tmp_path: Path) -> None:
    # A copy, for pyright writes nothing but reads its settings from the folder that it checks.
    for package in ("core", "apps/travel"):
        shutil.copytree(SOURCES / package, tmp_path / package)
    assert pyright_errors(tmp_path, ["core", "apps"]) == {}
