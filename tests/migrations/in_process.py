"""Runs a program within the tests' process, which is faster than starting another one."""

import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import pytest
from pydantic import SecretStr

from core.testing.process_environment import environment


def run(program: Callable[[], object], **settings: str | SecretStr) -> tuple[int, str]:
    """Returns the program's exit code and output. `settings` are environment variables."""
    output, code = StringIO(), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path])  # which Alembic extends
        # A file that is written again within a second would run from its old bytecode.
        patch.setattr(sys, "dont_write_bytecode", True)
        for name, value in environment(**settings).items():
            patch.setenv(name, value)
        with redirect_stdout(output), redirect_stderr(output):
            try:
                program()
            except SystemExit as end:  # as the interpreter does
                if isinstance(end.code, str):
                    print(end.code, file=sys.stderr)
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return code, output.getvalue()
