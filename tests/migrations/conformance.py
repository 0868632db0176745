"""What the migrations of every app must be: complete, reversible, in the app's own schema."""

from typing import Any, ClassVar

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from migrations.inspection import config, objects, schemas
from sample.ledger import LEDGER as SAMPLE

from core.storage.connections import connect
from core.ledgers.ledger import Ledger
from core.ledgers.requests import Post
from core.storage.store import LedgerStore
from core.testing.databases import Databases, execute


class MigrationsConformance:
    """Subclass it, with the app's ledger."""

    ledger: ClassVar[Ledger[Any]]

    def test_there_is_a_single_head(self) -> None:
        assert len(ScriptDirectory.from_config(config(self.ledger, "")).get_heads()) == 1

    def test_the_models_need_no_further_migration(self, databases: Databases) -> None:
        command.check(config(self.ledger, databases.migrated(self.ledger.name)))

    def test_the_database_has_the_operations_of_the_code(self, databases: Databases) -> None:
        url = databases.migrated(self.ledger.name)
        [(labels,)] = execute(
            url, f"SELECT enum_range(NULL::{self.ledger.name}.ledger_operation)::text[]"
        )
        assert set(labels) == {operation.value for operation in self.ledger.operations}

    def test_up_down_and_up_again(self, databases: Databases) -> None:
        url = databases.empty()
        command.upgrade(config(self.ledger, url), "head")
        at_head = objects(url, self.ledger.name)
        assert {"r ledger_entry", "r ledger_balance", "type ledger_operation"} <= at_head
        command.downgrade(config(self.ledger, url), "base")
        version_table = f"alembic_version_{self.ledger.name}"
        assert objects(url, self.ledger.name) == {f"r {version_table}", f"i {version_table}_pkc"}
        command.upgrade(config(self.ledger, url), "head")
        assert objects(url, self.ledger.name) == at_head

    def test_only_its_own_schema_is_touched(self, databases: Databases) -> None:
        url = databases.empty()
        command.upgrade(config(self.ledger, url), "head")
        assert schemas(url) == {self.ledger.name}
        assert objects(url, "public") == set()

    def test_the_other_apps_data_stays(self, databases: Databases) -> None:
        url = databases.migrated(SAMPLE.name)
        engine = connect(url)
        store = LedgerStore(SAMPLE, engine)
        store.post([Post("ann", operation, operation.name) for operation in SAMPLE.operations])
        before = store.entries("ann"), store.balance("ann"), objects(url, SAMPLE.name)
        command.upgrade(config(self.ledger, url), "head")
        command.check(config(self.ledger, url))  # the other's tables are no difference
        command.downgrade(config(self.ledger, url), "base")
        assert (store.entries("ann"), store.balance("ann"), objects(url, SAMPLE.name)) == before
        engine.dispose()

    def test_a_ledger_with_entries_is_not_dropped(self, databases: Databases) -> None:
        url = databases.migrated(self.ledger.name)
        engine = connect(url)
        store = LedgerStore(self.ledger, engine)
        store.post([Post("ann", self.ledger.operations["CREDIT_ADD"], "1")])
        with pytest.raises(CommandError, match="entries exist that this would drop. Keep them"):
            command.downgrade(config(self.ledger, url), "base")
        assert store.balance("ann") == 10
        engine.dispose()

    def test_offline_sql_is_the_same_migration(
        self, databases: Databases, capsys: pytest.CaptureFixture[str]
    ) -> None:
        online = databases.migrated(self.ledger.name)
        offline = databases.empty()
        command.upgrade(config(self.ledger, ""), "head", sql=True)
        execute(offline, capsys.readouterr().out.replace("%", "%%"))
        assert objects(offline, self.ledger.name) == objects(online, self.ledger.name)
        command.check(config(self.ledger, offline))
