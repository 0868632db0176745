"""The wheel of the client, in an environment that has nothing else of the workspace."""

import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from core.settings.groups import DatabaseSettings
from core.testing.databases import Databases
from core.testing.threaded_service import served
from monorepo.workspace import Workspace, environment
from sample.ledger import LEDGER

OPERATIONS = """
from core.ledgers.operations import BaseLedgerOperation


class Sample(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"
    BOOKING_REWARD = "BOOKING_REWARD"


class Other(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"
"""

PROGRAM = """
import sys

from core.client.ledger_client import LedgerClient
from core.client.results import PostedEntry
from operations import Sample

with LedgerClient(sys.argv[1], operations=Sample) as client:
    posted: PostedEntry[Sample] = client.post(owner_id="ann", operation=Sample.BOOKING_REWARD)
    for entry in client.entries("ann", operation=Sample.BOOKING_REWARD):
        print(entry.operation.value, entry.balance, entry.nonce == posted.nonce)
print(sorted({"pydantic", "sqlalchemy", "fastapi"} & set(sys.modules)))
"""

# The type checkers must report the lines that end with a mark, and no others.
MISTAKES = """
from core.client.async_ledger_client import AsyncLedgerClient
from core.client.ledger_client import LedgerClient
from core.client.results import UnknownOperation
from operations import Other, Sample

client = LedgerClient("http://ledger.internal", operations=Sample)
right: Sample = client.post(owner_id="ann", operation=Sample.CREDIT_ADD).operation
for entry in client.entries("ann", operation=(Sample.CREDIT_ADD, Sample.CREDIT_SPEND)):
    known: Sample | UnknownOperation = entry.operation
    sure: Sample = entry.operation  # mistake
client.post(owner_id="ann", operation=Other.CREDIT_ADD)  # mistake
client.post(owner_id="ann", operation="CREDIT_ADD")  # mistake
client.entries("ann", operation=Other.CREDIT_ADD)  # mistake
client.request(owner_id="ann", operation=Other.CREDIT_ADD)  # mistake
other = LedgerClient("http://ledger.internal", operations=Other)
client.post_batch([other.request(owner_id="ann", operation=Other.CREDIT_ADD)])  # mistake
wrong: Other = client.entry("ann", "1").operation  # mistake


async def post(asynchronous: AsyncLedgerClient[Sample]) -> None:
    posted: Sample = (
        await asynchronous.post(owner_id="ann", operation=Sample.CREDIT_ADD)
    ).operation
    await asynchronous.post(owner_id="ann", operation=Other.CREDIT_ADD)  # mistake
    async for entry in asynchronous.entries("ann"):
        sure: Sample = entry.operation  # mistake
"""


@pytest.fixture(scope="module")
def wheel(workspace_copy: Workspace) -> Path:
    packaged = workspace_copy.pants("package", "src/python/core/client:")
    assert packaged.returncode == 0, packaged.stdout
    [built] = (workspace_copy.root / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def project(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a program, and the environment `venv`: the wheel, and what it depends on."""
    folder = tmp_path_factory.mktemp("project")
    venv.create(folder / "venv", with_pip=True)
    install = ("-m", "pip", "install", "--quiet", "--no-index", "--no-deps", str(wheel))
    subprocess.run([folder / "venv/bin/python", *install], env=environment(), check=True)
    [packages] = folder.glob("venv/lib/*/site-packages")
    ours = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "dependencies.pth").write_text("\n".join(ours))
    for name, text in (("operations", OPERATIONS), ("program", PROGRAM), ("mistakes", MISTAKES)):
        (folder / f"{name}.py").write_text(text)
    return folder


def checked(project: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=project,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def test_the_wheel_has_the_client_and_what_it_imports(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    modules = {name for name in names if name.startswith("core/")}
    assert "core/py.typed" in modules and "core/client/ledger_client.py" in modules
    assert {name for name in modules if name.startswith("core/ledgers/")} == {
        f"core/ledgers/{module}.py"
        for module in (
            *("enum_contract", "errors", "history", "identifiers"),
            *("operations", "outcomes", "requests"),
        )
    }
    source = Path(__file__).parents[2] / "src/python"
    clients = {str(path.relative_to(source)) for path in source.glob("core/client/*.py")}
    assert {name for name in modules if name.startswith("core/client/")} == clients
    # Two builds have the same bytes.
    times = {member.date_time for member in zipfile.ZipFile(wheel).infolist()}
    assert times == {(1980, 1, 1, 0, 0, 0)}


def test_a_program_posts_with_the_installed_wheel(project: Path, databases: Databases) -> None:
    settings = DatabaseSettings(database_url=databases.migrated("sample"))
    with served(LEDGER, settings) as running:
        printed = subprocess.run(
            [project / "venv/bin/python", "program.py", str(running.base_url)],
            cwd=project,
            env=environment(),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
    assert printed == "BOOKING_REWARD 5 True\n[]\n"


def test_mypy_and_pyright_report_the_operations_of_another_app(project: Path) -> None:
    marked = [
        number for number, line in enumerate(MISTAKES.splitlines(), 1) if line.endswith("# mistake")
    ]
    python = str(project / "venv/bin/python")
    reports = {
        "mypy": checked(project, "mypy", "--strict", "--python-executable", python, "."),
        "pyright": checked(project, "pyright", "--pythonpath", python, "."),
    }
    for checker, report in reports.items():
        found = re.findall(r"(\w+)\.py:(\d+).*error", report)
        assert {name for name, _ in found} == {"mistakes"}, report
        assert sorted({int(line) for _, line in found}) == marked, (checker, report)
