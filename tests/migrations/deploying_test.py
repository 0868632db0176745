"""Deployers wait for each other and for tables in use, but only for a limited time."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.util import CommandError

from core.migrations.revisions import config
from core.storage.connections import connect
from core.testing.databases import Databases, execute
from core.testing.service_process import environment
from migrations.inspection import schemas


def test_concurrent_deployers_take_turns(databases: Databases) -> None:
    url = databases.empty()

    def deploy(_: int) -> int:
        code = (
            "import sys; from core.migrations.alembic_commands import migrate; "
            "migrate(sys.argv[1], None)"
        )
        command = [sys.executable, "-c", code, "sample"]
        return subprocess.run(command, env=environment(DATABASE_URL=url)).returncode

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(deploy, range(4))) == [0, 0, 0, 0]
    assert len(execute(url, "SELECT * FROM sample.alembic_version_sample")) == 1


def test_a_deployer_gives_up_when_another_one_holds_the_migration_lock(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.empty()
    monkeypatch.setenv("MIGRATION_WAIT", "0.2")
    engine = connect(url)
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_advisory_lock(hashtext('migrations of the ledger sample'))"
        )
        with pytest.raises(CommandError, match="Another deployer has been migrating 'sample'"):
            command.upgrade(config("sample", url), "head")
    engine.dispose()
    assert schemas(url) == set()


def test_a_migration_gives_up_when_a_transaction_uses_its_table(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.migrated("sample")
    monkeypatch.setenv("MIGRATION_LOCK_TIMEOUT", "0.2")
    engine = connect(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT FROM sample.ledger_entry")
        with pytest.raises(CommandError, match="lock timeout"):
            command.downgrade(config("sample", url), "-1")
    engine.dispose()
    command.check(config("sample", url))  # raises if a part of the downgrade was applied


def test_the_error_without_a_database_names_the_variables_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("SAMPLE_DATABASE_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(CommandError, match="set SAMPLE_DATABASE_URL or DATABASE_URL"):
        command.current(config("sample"))
