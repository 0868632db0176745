"""`scripts/check-packages` names the Pythons for which a package has no compiled code."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SCRIPT = Path("scripts/check-packages").resolve()
PURE = "click-8.5.1-py3-none-any.whl"
STABLE = "fast-1.0-cp38-abi3-manylinux_2_28_x86_64.whl"


def compiled(*versions: int) -> list[str]:
    """Returns wheels of two libraries. The second one has a wheel for every Python version."""
    platform = "manylinux_2_28_x86_64"
    return [f"uvloop-0.23.0-cp3{version}-cp3{version}-{platform}.whl" for version in versions] + [
        f"greenlet-3.5.6-1-cp3{version}-cp3{version}-{platform}.whl" for version in range(10, 14)
    ]


@pytest.mark.parametrize(
    "wheels, lacks",
    [
        ([PURE, STABLE], ""),
        ([PURE, STABLE, *compiled(10, 11, 12, 13)], ""),
        ([PURE, STABLE, *compiled(10, 13)], "3.11, 3.12"),
        ([PURE, *compiled(12)], "3.10, 3.11, 3.13"),
    ],
)
def test_what_a_package_lacks_is_named(tmp_path: Path, wheels: list[str], lacks: str) -> None:
    package = tmp_path / "shop.pex"
    with zipfile.ZipFile(package, "w") as pex:
        pex.writestr("PEX-INFO", json.dumps({"distributions": {wheel: "" for wheel in wheels}}))
    done = subprocess.run([sys.executable, SCRIPT, package], capture_output=True, text=True)
    assert done.returncode == (1 if lacks else 0), done.stderr
    assert (f"shop.pex does not run on Python {lacks}, " in done.stdout) == bool(lacks)


def test_no_package_is_no_failure() -> None:
    subprocess.run([sys.executable, SCRIPT], check=True)
