"""`alembic revision --autogenerate` writes what a ledger needs, from its first revision on."""

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
    """An app's migrations, beside the workspace's own."""

    def __init__(self, folder: Path, url: SecretStr) -> None:
        self.folder = folder
        self._environment = {
            **os.environ,
            "DATABASE_URL": url.get_secret_value(),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        (folder / "versions").mkdir()
        for root in sys.path:  # as a developer would: copied from another app
            if Path(root, "sample", "alembic.ini").exists():
                for name in ("alembic.ini", "script.py.mako"):
                    (folder / name).write_text(Path(root, "sample", name).read_text())

    def has_operations(self, *values: str) -> None:
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
        """Writes a revision, runs it up and down and up; returns its text."""
        before = set(self.folder.glob("versions/*.py"))
        self.alembic("revision", "--autogenerate", "-m", message)
        [new] = set(self.folder.glob("versions/*.py")) - before
        for step in (["upgrade", "head"], ["downgrade", "-1"], ["upgrade", "head"], ["check"]):
            self.alembic(*step)
        return new.read_text()


@pytest.fixture
def shop(tmp_path: Path, databases: Databases) -> Shop:
    return Shop(tmp_path, databases.empty())


def test_a_new_apps_first_revision(shop: Shop) -> None:
    shop.has_operations("SHOP_SALE")
    first = shop.revision("create the ledger")
    assert "operation_changes.create_operations(" in first
    assert "operation_changes.refuse_if_entries_exist('shop')" in first
    assert "ck_ledger_balance_no_overdraft" in first
    assert "alembic_version" not in first


def test_an_added_and_a_removed_operation(shop: Shop) -> None:
    shop.has_operations("SHOP_SALE")
    shop.revision("create the ledger")
    shop.has_operations("SHOP_SALE", "SHOP_GIFT")
    added = shop.revision("add gifts")
    assert "operation_changes.add_operations('shop', ['SHOP_GIFT'])" in added
    assert "operation_changes.remove_operations('shop', ['SHOP_GIFT'])" in added
    shop.has_operations("SHOP_GIFT")
    removed = shop.revision("remove sales")
    assert "operation_changes.remove_operations('shop', ['SHOP_SALE'])" in removed


def test_a_value_that_sql_and_alembic_could_misread(shop: Shop) -> None:
    shop.has_operations("SHOP_SALE")
    shop.revision("create the ledger")
    shop.has_operations("SHOP_SALE", 'it\'s :odd % \\ "value"')
    shop.revision("add an odd one")
