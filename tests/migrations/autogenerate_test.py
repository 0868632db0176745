"""`alembic revision --autogenerate` writes all that a ledger needs, from its first revision on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.testing.databases import Databases

ENV = """
from core.migrations.alembic_environment import run_env
from core.ledgers.ledger import Ledger
from core.ledgers.operations import BaseLedgerOperation, extend_enum

Operation = extend_enum(BaseLedgerOperation, "Operation", {EXTRA})
amounts = {operation: 1 for operation in Operation if operation.name.startswith("SHOP")}
run_env(Ledger(name="shop", operations=Operation, amounts=amounts))
"""


class Shop:
    """An app whose migrations are in a folder outside of the workspace."""

    def __init__(self, folder: Path, url: SecretStr) -> None:
        self.folder = folder
        self._environment = {
            **os.environ,
            "DATABASE_URL": url.get_secret_value(),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        (folder / "versions").mkdir()
        for root in sys.path:  # copied from another app, as a developer would
            if Path(root, "sample", "alembic.ini").exists():
                for name in ("alembic.ini", "script.py.mako"):
                    (folder / name).write_text(Path(root, "sample", name).read_text())

    def set_operations(self, *values: str) -> None:
        extra = repr({f"SHOP_{number}": value for number, value in enumerate(values)})
        (self.folder / "env.py").write_text(ENV.replace("{EXTRA}", extra))

    def alembic(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "alembic", "-c", self.folder / "alembic.ini", *arguments],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def revision(self, message: str) -> str:
        """Writes a revision and runs it up, down and up again; returns its text."""
        before = set(self.folder.glob("versions/*.py"))
        self.alembic("revision", "--autogenerate", "-m", message)
        [new] = set(self.folder.glob("versions/*.py")) - before
        for step in (["upgrade", "head"], ["downgrade", "-1"], ["upgrade", "head"], ["check"]):
            self.alembic(*step)
        return new.read_text()


@pytest.fixture
def shop(tmp_path: Path, databases: Databases) -> Shop:
    return Shop(tmp_path, databases.empty())


def test_the_first_revision_creates_the_ledger(shop: Shop) -> None:
    shop.set_operations("SHOP_SALE")
    first = shop.revision("create the ledger")
    assert "operation_changes.create_operations(" in first
    assert "operation_changes.refuse_if_entries_exist('shop')" in first
    assert "ck_ledger_balance_no_overdraft" in first
    assert "alembic_version" not in first


def test_later_revisions_add_and_remove_operations(shop: Shop) -> None:
    shop.set_operations("SHOP_SALE")
    shop.revision("create the ledger")
    shop.set_operations("SHOP_SALE", "SHOP_GIFT")
    added = shop.revision("add gifts")
    assert "operation_changes.add_operations('shop', ['SHOP_GIFT'])" in added
    assert "operation_changes.remove_operations('shop', ['SHOP_GIFT'])" in added
    shop.set_operations("SHOP_GIFT")
    removed = shop.revision("remove sales")
    assert "operation_changes.remove_operations('shop', ['SHOP_SALE'])" in removed


def test_special_characters_in_a_value_are_escaped(shop: Shop) -> None:
    shop.set_operations("SHOP_SALE")
    shop.revision("create the ledger")
    shop.set_operations("SHOP_SALE", 'it\'s :odd % \\ "value"')
    shop.revision("add an odd one")
