"""mypy notices each edit of an enum where it is used, both in its daemon and with its cache.

All programs are edited at the same time, because the first check takes much longer than the others.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path

import mypy.api
import pytest
from mypy.dmypy import client

from type_checking import enum_edits, family_edits
from type_checking.edits import Program
from type_checking.typing_cases import Errors, mypy_errors, write_config

PROGRAMS = [*enum_edits.PROGRAMS, *family_edits.PROGRAMS]
FILES = [file for program in PROGRAMS for file in program.checked]
STEPS = [(program, step) for program in PROGRAMS for step in range(len(program.steps))]

Reports = list[Mapping[str, Errors]]
"""The errors after each step, by file."""


def edit(folder: Path, check: Callable[[], str]) -> Reports:
    """Takes all steps, and checks the programs after each."""
    reports: Reports = []
    for step in range(max(len(program.steps) for program in PROGRAMS)):
        for program in PROGRAMS:
            program.write(folder, step)
        output = check()
        assert f"{len(FILES)} source files" in output
        reports.append(mypy_errors(output))
    return reports


def with_a_cache(folder: Path) -> Reports:
    return edit(folder, lambda: "".join(mypy.api.run([*FILES, "--show-traceback"])[:2]))


def in_a_daemon(folder: Path) -> Reports:
    status_file = ["--status-file", str(folder / "dmypy.json")]

    def dmypy(*arguments: str) -> str:
        output = StringIO()
        with redirect_stdout(output), redirect_stderr(output), suppress(SystemExit):
            client.main([*status_file, *arguments])
        return output.getvalue()

    start = [sys.executable, "-m", "mypy.dmypy", *status_file, "start", "--", "--show-traceback"]
    try:
        subprocess.run(start, stdout=subprocess.DEVNULL, check=True)
        return edit(folder, lambda: dmypy("check", *FILES))
    finally:
        dmypy("stop")


@pytest.fixture(scope="module", params=[in_a_daemon, with_a_cache])
def reports(
    tmp_path_factory: pytest.TempPathFactory, library_cache: Path, request: pytest.FixtureRequest
) -> Reports:
    folder = tmp_path_factory.mktemp("edits")
    write_config(folder)
    shutil.copytree(library_cache, folder / ".cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        reports: Reports = request.param(folder)
    return reports


@pytest.mark.parametrize("program, step", STEPS, ids=lambda each: getattr(each, "package", each))
def test_mypy_reports_what_a_step_breaks_and_accepts_the_rest(
    program: Program, step: int, reports: Reports
) -> None:
    found = program.errors_in(reports[step])
    expected = program.steps[step]
    assert bool(found) == bool(expected.errors), found
    for error in expected.errors:
        assert any(error in each for each in found), found
    if expected.no_error_at is not None:
        assert not any(each.startswith(expected.no_error_at) for each in found), found


def test_errors_are_in_the_programs_only(reports: Reports) -> None:
    packages = {program.package for program in PROGRAMS}
    assert {Path(file).parts[0] for report in reports for file in report} <= packages
