"""Migrations of apps whose names are keywords of SQL, or as long as names may be."""

from pathlib import Path

import pytest
from alembic import command
from alembic.util import CommandError

from core.ledgers.ledger import Ledger
from core.ledgers.requests import Post
from core.migration_check.app_migrations import Migrations
from core.migration_check.invariants import first_problems
from core.migrations.readiness import require_ready
from core.migrations.revisions import config
from core.testing.blocking_store import blocking_store
from core.testing.databases import Databases, held
from migrations.shop import Shop
from sample.operations import SampleOperation


@pytest.mark.parametrize("name", ["order", "a" * 43])
def test_an_app_of_any_name_can_migrate(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    url = databases.empty()
    folder = tmp_path / name
    folder.mkdir()
    shop = Shop(folder, url, name)
    shop.set_operations("SHOP_SALE", "BOOKING_REWARD")
    shop.revision("create the ledger", up_only=True)
    shop.set_operations("BOOKING_REWARD")
    shop.revision("remove sales", up_only=True)
    assert "INSERT INTO" in shop.alembic("upgrade", "head", "--sql")

    ledger = Ledger(
        name=name, operations=SampleOperation, amounts={SampleOperation.BOOKING_REWARD: 5}
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert first_problems(Migrations(ledger, databases.server)) == []
    require_ready(ledger, url)
    with blocking_store(ledger, url) as store:
        store.post([Post("ann", SampleOperation.CREDIT_ADD, "1")])
    with held(url, name, "ann"):
        pass
    with pytest.raises(CommandError, match=f'in "{name}", entries exist'):
        command.downgrade(config(name, url), "base")
