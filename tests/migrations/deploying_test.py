"""Deployers wait for each other, and for tables in use, but not for ever."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic import command
from alembic.util import CommandError
from migrations.inspection import config, each_app, schemas

from apps.travel.ledger import LEDGER as TRAVEL
from core.database.engine import connect
from core.ledgers.ledger import Ledger
from core.testing.databases import Databases, execute


@each_app
def test_two_deployers_at_once(ledger: Ledger[Any], databases: Databases) -> None:
    url = databases.empty()

    def deploy(_: int) -> int:
        code = "import sys; from core.database.migrations import upgrade; upgrade(*sys.argv[1:])"
        environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run(
            [sys.executable, "-c", code, ledger.name, url], env=environment
        ).returncode

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(deploy, range(4))) == [0, 0, 0, 0]
    assert len(execute(url, f"SELECT * FROM {ledger.name}.alembic_version_{ledger.name}")) == 1


def test_a_deployer_does_not_wait_for_ever(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.empty()
    monkeypatch.setenv("MIGRATION_WAIT", "0.2")
    engine = connect(url)
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_advisory_lock(hashtext('migrations of the ledger travel'))"
        )
        with pytest.raises(CommandError, match="Another deployer has been migrating 'travel'"):
            command.upgrade(config(TRAVEL, url), "head")
    engine.dispose()
    assert schemas(url) == set()


def test_a_migration_does_not_queue_behind_a_long_transaction(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.migrated("travel")
    monkeypatch.setenv("MIGRATION_LOCK_TIMEOUT", "0.2")
    engine = connect(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT FROM travel.ledger_entry")
        with pytest.raises(CommandError, match="lock timeout"):
            command.downgrade(config(TRAVEL, url), "-1")
    engine.dispose()
    command.check(config(TRAVEL, url))  # nothing is half done
