"""mypy and pyright report exactly the errors that the Markdown files in this folder state."""

import os
from collections.abc import Mapping
from pathlib import Path

import mypy.api
import pytest

from type_checking.typing_cases import (
    Case,
    Errors,
    Module,
    mypy_errors,
    pyright_errors,
    read_cases,
    write_config,
)

DOCUMENTS = sorted(Path(__file__).parent.glob("*.md"))
CASES = [case for document in DOCUMENTS for case in read_cases(document)]
MODULES = [(case, module) for case in CASES for module in case.modules]
PYRIGHT_MODULES = [(case, module) for case, module in MODULES if module.pyright]


def names(modules: list[tuple[Case, Module]]) -> list[str]:
    return [f"{case.name} ({module.file})" for case, module in modules]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all cases, each in a package of its own."""
    folder = tmp_path_factory.mktemp("cases")
    write_config(folder)
    for case in CASES:
        case.write(folder)
    return folder


def run_mypy(folder: Path) -> Mapping[str, Errors]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        output, crash, _ = mypy.api.run([".", "--show-traceback", "--no-pretty"])
    finally:
        os.chdir(before)
    assert crash == ""
    return mypy_errors(output)


@pytest.fixture(scope="session")
def cold(folder: Path) -> Mapping[str, Errors]:
    """The errors of a first run, without a cache."""
    return run_mypy(folder)


@pytest.fixture(scope="session")
def cached(folder: Path, cold: Mapping[str, Errors]) -> Mapping[str, Errors]:
    """The errors of a second run, in which mypy finds every module in its cache."""
    return run_mypy(folder)


@pytest.fixture(scope="session")
def partly_cached(folder: Path, cached: Mapping[str, Errors]) -> Mapping[str, Errors]:
    """The errors of a third run, in which changed modules import what mypy has in its cache."""
    for case in CASES:
        if len(case.modules) > 1:
            with (folder / case.path(case.modules[-1])).open("a") as module:
                module.write("# changed\n")
    return run_mypy(folder)


@pytest.fixture(scope="session")
def pyright(folder: Path) -> Mapping[str, Errors]:
    return pyright_errors(folder, [case.path(module) for case, module in PYRIGHT_MODULES])


def test_cases_are_found_and_have_packages_of_their_own() -> None:
    assert len(CASES) >= 40
    assert len({case.package for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case, module", MODULES, ids=names(MODULES))
class TestMypy:
    def test_without_a_cache(self, case: Case, module: Module, cold: Mapping[str, Errors]) -> None:
        assert cold.get(case.path(module), Errors()) == module.expected("E")

    def test_with_a_cache(self, case: Case, module: Module, cached: Mapping[str, Errors]) -> None:
        assert cached.get(case.path(module), Errors()) == module.expected("E")

    def test_with_a_cache_of_imported_modules(
        self, case: Case, module: Module, partly_cached: Mapping[str, Errors]
    ) -> None:
        assert partly_cached.get(case.path(module), Errors()) == module.expected("E")


@pytest.mark.parametrize("case, module", PYRIGHT_MODULES, ids=names(PYRIGHT_MODULES))
def test_pyright(case: Case, module: Module, pyright: Mapping[str, Errors]) -> None:
    assert pyright.get(case.path(module), Errors()) == module.expected("P")
