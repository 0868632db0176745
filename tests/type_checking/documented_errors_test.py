"""README.md and docs/typing.md show what mypy prints of the programs below."""

import re
import shutil
from pathlib import Path

import mypy.api
import pytest

from type_checking.typing_cases import write_config

APPS = {
    "apps/content/operations.py": """
from core.ledgers.operations import BaseLedgerOperation, extend_enum

ContentLedgerOperation = extend_enum(
    BaseLedgerOperation,
    "ContentLedgerOperation",
    {"CONTENT_CREATION": "CONTENT_CREATION", "CONTENT_ACCESS": "CONTENT_ACCESS"},
)
""",
    "apps/travel/operations.py": """
from core.ledgers.operations import BaseLedgerOperation, extend_enum

TravelLedgerOperation = extend_enum(
    BaseLedgerOperation,
    "TravelLedgerOperation",
    {"BOOKING_REWARD": "BOOKING_REWARD", "LOYALTY_BONUS": "LOYALTY_BONUS"},
)
""",
}
ROOT = Path.cwd()
OF_THE_README = {
    "apps/shop/operations.py": '''"""The operations of the shop app."""

from core.ledgers.operations import BaseLedgerOperation


class ShopLedgerOperation(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPENT"
    PURCHASE = "PURCHASE"
''',
    "apps/shop/ledger.py": '''"""The ledger of the shop app."""

from apps.travel.operations import TravelLedgerOperation
from core.ledgers.ledger import Ledger

LEDGER = Ledger(
    name="shop",
    operations=TravelLedgerOperation,
    amounts={
        TravelLedgerOperation.BOOKING_REWARD: 5,
    },
)
''',
    "apps/shop/checkout.py": '''"""Posts what a customer pays."""

from apps.content.operations import ContentLedgerOperation
from apps.shop.ledger import LEDGER
from apps.travel.operations import TravelLedgerOperation

LEDGER.request(
    owner_id="ann",
    operation=ContentLedgerOperation.CONTENT_ACCESS,
    nonce="1",
)
LEDGER.request(owner_id="ann", operation=TravelLedgerOperation.LOYALTY_BONSU, nonce="2")
''',
}
OF_THE_PAGE = {
    "shop/operations.py": """from core.ledgers.operations import BaseLedgerOperation, extend_enum


class ShopLedgerOperation(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPENT"
    PURCHASE = "PURCHASE"


CafeLedgerOperation = extend_enum(
    BaseLedgerOperation,
    "CafeLedgerOperation",
    {
        "LATTE": "LATTE",
        "CREDIT_ADD": "TOP_UP",
    },
)
""",
    "shop/ledger.py": """from typing_extensions import assert_never

from apps.content.operations import ContentLedgerOperation
from apps.travel.operations import TravelLedgerOperation
from core.ledgers.ledger import Ledger

LEDGER = Ledger(
    name="shop",
    operations=ContentLedgerOperation,
    amounts={
        ContentLedgerOperation.CONTENT_CREATION: -5,
    },
)

LEDGER.request(owner_id="ann", operation=TravelLedgerOperation.BOOKING_REWARD, nonce="1")
LEDGER.request(owner_id="ann", operation=ContentLedgerOperation.CONTENT_ACESS, nonce="2")


def described(operation: ContentLedgerOperation) -> str:
    match operation:
        case ContentLedgerOperation.DAILY_REWARD | ContentLedgerOperation.SIGNUP_CREDIT:
            return "a gift"
        case ContentLedgerOperation.CREDIT_ADD | ContentLedgerOperation.CREDIT_SPEND:
            return "money"
        case ContentLedgerOperation.CONTENT_CREATION:
            return "an article"
        case _:
            assert_never(operation)
""",
}


@pytest.fixture
def sources(tmp_path: Path, library_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The source root of a workspace with two apps, whose root is the current folder."""
    sources = tmp_path / "src/python"
    write(sources, APPS)
    write_config(sources)
    shutil.copytree(library_cache, sources / ".cache")
    monkeypatch.chdir(tmp_path)
    # Before the apps of this workspace, which a test must not depend on.
    monkeypatch.setenv("MYPYPATH", str(sources))
    monkeypatch.setenv("COLUMNS", "80")  # the width of what is shown
    return sources


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def run_mypy(*arguments: str) -> str:
    """What mypy prints, without the spaces at which it breaks lines."""
    printed, *_ = mypy.api.run(["--config-file=src/python/mypy.ini", *arguments])
    return re.sub(" +$", "", printed, flags=re.MULTILINE)


def shown(document: Path, command: str) -> str:
    """What a document shows that the command prints."""
    pattern = rf"^```console\n\$ {re.escape(command)}\n(.*?)^```"
    [output] = re.findall(pattern, document.read_text(), re.MULTILINE | re.DOTALL)
    return str(output)


def test_the_readme_shows_what_mypy_prints(sources: Path) -> None:
    write(sources, OF_THE_README)
    printed = run_mypy(*(f"src/python/{name}" for name in OF_THE_README))
    readme = ROOT / "README.md"
    assert shown(readme, "./pants check ::") == printed, f"README.md must show:\n{printed}"


def test_docs_typing_shows_what_mypy_prints(sources: Path) -> None:
    write(sources.parents[1], OF_THE_PAGE)
    printed = run_mypy("--pretty", *OF_THE_PAGE)
    page = ROOT / "docs/typing.md"
    assert shown(page, "mypy --pretty shop") == printed, f"docs/typing.md must show:\n{printed}"
