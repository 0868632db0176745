"""The apps' real migrations: complete, reversible, each in its own schema."""

from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from migrations.inspection import config, each_app, objects, schemas

from apps.content.ledger import LEDGER as CONTENT
from apps.travel.ledger import LEDGER as TRAVEL
from apps.travel.operations import TravelLedgerOperation
from core.database import migrations
from core.database.engine import connect
from core.ledgers.errors import DatabaseNotMigrated, DatabaseUnavailable
from core.ledgers.ledger import Ledger
from core.ledgers.post import Post
from core.ledgers.posting import Posted
from core.ledgers.store import LedgerStore
from core.testing.databases import Databases, execute

BEFORE_LOYALTY_BONUS = "b078668f2841"


@each_app
def test_there_is_a_single_head(ledger: Ledger[Any]) -> None:
    assert len(ScriptDirectory.from_config(config(ledger, "")).get_heads()) == 1


@each_app
def test_the_models_need_no_further_migration(ledger: Ledger[Any], databases: Databases) -> None:
    command.check(config(ledger, databases.migrated(ledger.name)))


@each_app
def test_the_database_has_the_operations_of_the_code(
    ledger: Ledger[Any], databases: Databases
) -> None:
    url = databases.migrated(ledger.name)
    [(labels,)] = execute(url, f"SELECT enum_range(NULL::{ledger.name}.ledger_operation)::text[]")
    assert set(labels) == {operation.value for operation in ledger.operations}


@each_app
def test_up_down_and_up_again(ledger: Ledger[Any], databases: Databases) -> None:
    url = databases.empty()
    command.upgrade(config(ledger, url), "head")
    at_head = objects(url, ledger.name)
    assert {"r ledger_entry", "r ledger_balance", "type ledger_operation"} <= at_head
    command.downgrade(config(ledger, url), "base")
    version_table = f"alembic_version_{ledger.name}"
    assert objects(url, ledger.name) == {f"r {version_table}", f"i {version_table}_pkc"}
    command.upgrade(config(ledger, url), "head")
    assert objects(url, ledger.name) == at_head


@each_app
def test_only_its_own_schema_is_touched(ledger: Ledger[Any], databases: Databases) -> None:
    url = databases.empty()
    command.upgrade(config(ledger, url), "head")
    assert schemas(url) == {ledger.name}
    assert objects(url, "public") == set()


@each_app
def test_the_other_apps_data_stays(ledger: Ledger[Any], databases: Databases) -> None:
    other: Ledger[Any] = TRAVEL if ledger is CONTENT else CONTENT
    url = databases.migrated(other.name)
    engine = connect(url)
    store = LedgerStore(other, engine)
    store.post([Post("ann", operation, operation.name) for operation in other.operations])
    before = store.entries("ann"), store.balance("ann"), objects(url, other.name)
    command.upgrade(config(ledger, url), "head")
    command.check(config(ledger, url))  # the other's tables are no difference
    command.downgrade(config(ledger, url), "base")
    assert (store.entries("ann"), store.balance("ann"), objects(url, other.name)) == before
    engine.dispose()


@each_app
def test_a_ledger_with_entries_is_not_dropped(ledger: Ledger[Any], databases: Databases) -> None:
    url = databases.migrated(ledger.name)
    engine = connect(url)
    store = LedgerStore(ledger, engine)
    store.post([Post("ann", ledger.operations["CREDIT_ADD"], "1")])
    with pytest.raises(CommandError, match="entries exist that this would drop. Keep them"):
        command.downgrade(config(ledger, url), "base")
    assert store.balance("ann") == 10
    engine.dispose()


class TestAddingAnOperation:
    """Travel's second revision, on a ledger in use."""

    @pytest.fixture
    def url(self, databases: Databases) -> str:
        return databases.migrated("travel")

    def post(self, url: str, operation: TravelLedgerOperation, nonce: str) -> None:
        engine = connect(url)
        [outcome] = LedgerStore(TRAVEL, engine).post([Post("ann", operation, nonce)])
        assert isinstance(outcome, Posted)
        engine.dispose()

    def entries(self, url: str) -> list[Any]:
        return execute(
            url, "SELECT operation::text, amount, nonce FROM travel.ledger_entry ORDER BY id"
        )

    def test_entries_survive_their_neighbours_changes(self, url: str) -> None:
        command.downgrade(config(TRAVEL, url), BEFORE_LOYALTY_BONUS)
        self.post(url, TravelLedgerOperation.BOOKING_REWARD, "1")
        command.upgrade(config(TRAVEL, url), "head")
        self.post(url, TravelLedgerOperation.CREDIT_SPEND, "2")
        command.downgrade(config(TRAVEL, url), "-1")
        assert self.entries(url) == [("BOOKING_REWARD", 5, "1"), ("CREDIT_SPEND", -1, "2")]
        command.upgrade(config(TRAVEL, url), "head")
        self.post(url, TravelLedgerOperation.LOYALTY_BONUS, "3")
        assert len(self.entries(url)) == 3

    def test_an_operation_in_use_is_not_removed(self, url: str) -> None:
        self.post(url, TravelLedgerOperation.LOYALTY_BONUS, "1")
        with pytest.raises(CommandError, match="entries use an operation that this removes"):
            command.downgrade(config(TRAVEL, url), "-1")
        assert self.entries(url) == [("LOYALTY_BONUS", 2, "1")]
        command.check(config(TRAVEL, url))

    def test_a_service_of_the_new_release_waits_for_it(self, url: str) -> None:
        command.downgrade(config(TRAVEL, url), "-1")
        engine = connect(url)
        with pytest.raises(DatabaseNotMigrated, match="is at revision b0.*, this release needs d0"):
            migrations.require_migrated("travel", engine)
        with pytest.raises(DatabaseUnavailable):  # not a wrong success
            LedgerStore(TRAVEL, engine).post(
                [Post("ann", TravelLedgerOperation.LOYALTY_BONUS, "1")]
            )
        command.upgrade(config(TRAVEL, url), "head")
        migrations.require_migrated("travel", engine)
        engine.dispose()

    def test_a_service_of_the_old_release_stays_ready(self, url: str) -> None:
        execute(url, "UPDATE travel.alembic_version_travel SET version_num = 'newer'")
        engine = connect(url)
        with pytest.raises(DatabaseNotMigrated, match="which this release does not know"):
            migrations.require_migrated("travel", engine)
        migrations.require_migrated("travel", engine, or_newer=True)
        engine.dispose()


@each_app
def test_offline_sql_is_the_same_migration(
    ledger: Ledger[Any], databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    online = databases.migrated(ledger.name)
    offline = databases.empty()
    command.upgrade(config(ledger, ""), "head", sql=True)
    execute(offline, capsys.readouterr().out.replace("%", "%%"))
    assert objects(offline, ledger.name) == objects(online, ledger.name)
    command.check(config(ledger, offline))


def test_without_a_database_the_next_step_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRAVEL_DATABASE_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(CommandError, match="set TRAVEL_DATABASE_URL or DATABASE_URL"):
        command.current(config(TRAVEL, ""))
