"""Travel's migrations, and what adding an operation means for a ledger and services in use."""

from typing import Any

import pytest
from alembic import command
from alembic.util import CommandError
from pydantic import SecretStr

from apps.travel.ledger import LEDGER
from apps.travel.operations import TravelLedgerOperation
from core.ledgers.errors import DatabaseNotMigrated, OperationNotMigrated
from core.ledgers.outcomes import Duplicate, Posted
from core.ledgers.requests import Post
from core.migrations.readiness import require_ready
from core.migrations.revisions import config
from core.testing.blocking_store import blocking_store
from core.testing.databases import Databases, execute
from core.testing.migration_conformance import MigrationConformance

BEFORE_LOYALTY_BONUS = "b078668f2841"


class TestTravelMigrations(MigrationConformance):
    ledger = LEDGER


class TestAddingAnOperation:
    """Travel's second revision, run on a ledger that is in use."""

    @pytest.fixture
    def url(self, databases: Databases) -> SecretStr:
        return databases.migrated("travel")

    def post(self, url: SecretStr, operation: TravelLedgerOperation, nonce: str) -> None:
        with blocking_store(LEDGER, url) as store:
            [outcome] = store.post([Post("ann", operation, nonce)])
        assert isinstance(outcome, Posted)

    def entries(self, url: SecretStr) -> list[Any]:
        return execute(
            url, "SELECT operation::text, amount, nonce FROM travel.ledger_entry ORDER BY id"
        )

    def test_entries_survive_upgrades_and_downgrades(self, url: SecretStr) -> None:
        command.downgrade(config("travel", url), BEFORE_LOYALTY_BONUS)
        self.post(url, TravelLedgerOperation.BOOKING_REWARD, "1")
        command.upgrade(config("travel", url), "head")
        self.post(url, TravelLedgerOperation.CREDIT_SPEND, "2")
        command.downgrade(config("travel", url), BEFORE_LOYALTY_BONUS)
        assert self.entries(url) == [("BOOKING_REWARD", 5, "1"), ("CREDIT_SPEND", -1, "2")]
        command.upgrade(config("travel", url), "head")
        self.post(url, TravelLedgerOperation.LOYALTY_BONUS, "3")
        assert len(self.entries(url)) == 3

    def test_an_open_store_keeps_posting_when_the_enum_type_is_replaced(
        self, url: SecretStr
    ) -> None:
        with blocking_store(LEDGER, url) as store:
            for number, revision in enumerate((None, BEFORE_LOYALTY_BONUS, "head")):
                if revision is not None:
                    step = command.upgrade if revision == "head" else command.downgrade
                    step(config("travel", url), revision)
                for group in (1, 2):
                    posts = [
                        Post("ann", TravelLedgerOperation.DAILY_REWARD, f"{number} {group} {part}")
                        for part in range(group)
                    ]
                    assert all(isinstance(outcome, Posted) for outcome in store.post(posts))
                    assert all(isinstance(outcome, Duplicate) for outcome in store.post(posts))
            assert store.balance("ann") == 9

    def test_an_operation_that_an_entry_uses_cannot_be_removed(self, url: SecretStr) -> None:
        self.post(url, TravelLedgerOperation.LOYALTY_BONUS, "1")
        with pytest.raises(
            CommandError, match="d08b915a5630 failed: refused: .* LOYALTY_BONUS. Either"
        ):
            command.downgrade(config("travel", url), BEFORE_LOYALTY_BONUS)
        assert self.entries(url) == [("LOYALTY_BONUS", 2, "1")]
        command.upgrade(config("travel", url), "head")
        command.check(config("travel", url))

    def test_a_new_release_is_refused_until_the_migration_has_run(self, url: SecretStr) -> None:
        command.downgrade(config("travel", url), BEFORE_LOYALTY_BONUS)
        with pytest.raises(DatabaseNotMigrated, match="is at revision b0.*this release needs "):
            require_ready(LEDGER, url)
        with blocking_store(LEDGER, url) as store:
            with pytest.raises(OperationNotMigrated, match="does not know an operation"):
                store.post([Post("ann", TravelLedgerOperation.LOYALTY_BONUS, "1")])
        command.upgrade(config("travel", url), "head")
        require_ready(LEDGER, url)

    def test_an_old_release_stays_ready_after_a_newer_migration(self, url: SecretStr) -> None:
        execute(url, "UPDATE travel.alembic_version_travel SET version_num = 'newer'")
        require_ready(LEDGER, url)
