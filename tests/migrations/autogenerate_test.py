"""`alembic revision --autogenerate` writes all that a ledger needs, from its first revision on."""

from pathlib import Path

import pytest

from core.testing.databases import Databases
from migrations.shop import Shop


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
