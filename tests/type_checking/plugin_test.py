"""The plugin with an untested version of mypy, and with a defect of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import mypy.api
import mypy.stubgen
import pytest

from core.mypy_plugin import amounts, class_form, extend_enum
from type_checking.typing_cases import PLUGIN, Errors, mypy_errors, write_config

SOURCE = """\
from core.ledgers.ledger import Ledger
from core.ledgers.operations import BaseLedgerOperation, extend_enum

Operation = extend_enum(BaseLedgerOperation, "Operation", {"REFUND": "refund"})


class Other(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"


LEDGER = Ledger(name="app", operations=Other, amounts={})
"""
PLUGIN_OF_MYPY_9 = """\
from core.mypy_plugin.plugin import plugin as plugin_of

def plugin(version):
    return plugin_of("9.1.0")
"""

OTHER_PLUGIN = """\
from mypy.plugin import Plugin

def plugin(version):
    return Plugin
"""


@pytest.fixture
def app(tmp_path: Path, library_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(SOURCE)
    write_config(tmp_path)
    shutil.copytree(library_cache, tmp_path / ".cache")
    return tmp_path


def errors(app: Path) -> Errors:
    output, crash, _ = mypy.api.run(["app.py", "--show-traceback"])
    assert crash == ""
    return mypy_errors(output).get("app.py", Errors())


def test_an_untested_version_of_mypy_is_reported_at_each_definition(app: Path) -> None:
    (app / "plugin_of_mypy_9.py").write_text(PLUGIN_OF_MYPY_9)
    write_config(app, plugins=[str(app / "plugin_of_mypy_9.py")])
    found = errors(app)
    assert sorted(line for line, _ in found) == [4, 7]
    for _, message in found:
        assert message.startswith("The ledger plugin has not been tested with mypy 9.1.0, only")


NOT_LOADED = "mypy runs without the ledger plugin: see docs/typing.md"


def test_without_the_plugin_mypy_fails_and_says_why(app: Path) -> None:
    write_config(app, plugins=["pydantic.mypy"])
    assert NOT_LOADED in failure()


def test_another_plugin_file_of_the_same_name_that_hides_this_one_is_noticed(app: Path) -> None:
    (app / "plugin.py").write_text(OTHER_PLUGIN)
    write_config(app, plugins=[str(app / "plugin.py"), str(PLUGIN)])
    assert NOT_LOADED in failure()


def failure() -> str:
    """Runs mypy in a process of its own, because it imports each plugin only once."""
    # mypy does not report errors in the modules that it finds on PYTHONPATH.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", "mypy", "app.py"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 1, done
    return done.stdout


def test_an_exception_in_the_plugin_is_reported_at_the_definition(
    app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defective(*_: object) -> str:
        raise RuntimeError("out of order")

    for module in (amounts, class_form, extend_enum):
        monkeypatch.setattr(module, "refusal", defective)
    found = [(line, message) for line, message in errors(app) if "RuntimeError" in message]
    assert sorted(line for line, _ in found) == [4, 7, 14]
    for _, message in found:
        assert "because of a bug; please report it: RuntimeError('out of order')" in message


def test_the_stubs_that_stubgen_writes_are_accepted(app: Path) -> None:
    source = SOURCE.replace('"CREDIT_ADD"\n', '"CREDIT_ADD"\n    REFUND = "refund"\n')
    (app / "app.py").write_text(source.split("LEDGER =")[0])
    mypy.stubgen.main(["--quiet", "--output", ".", "app.py"])
    used = ("Other.REFUND", "Other.CREDIT_ADD", "Operation.REFUND")
    (app / "user.py").write_text("import app\n" + "".join(f"assert app.{each}\n" for each in used))
    output, crash, status = mypy.api.run(["app.pyi", "user.py"])
    assert (crash, status) == ("", 0), output
