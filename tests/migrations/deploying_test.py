"""Deployers wait for each other and for tables in use, but only for a limited time."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.util import CommandError
from pydantic import SecretStr

from core.migrations.revisions import config
from core.storage.connections import connect
from core.testing.databases import Databases, execute
from core.testing.process_environment import environment
from core.testing.programs import start
from core.testing.waiting import until
from migrations.copied_sample import copied_sample, ini_of
from migrations.inspection import schemas

CONCURRENT_INDEX = """
from alembic import op
revision = "indexed"
down_revision = "0000000000a2"
def upgrade():
    with op.get_context().autocommit_block():
        op.create_index(
            "added", "ledger_entry", ["amount"], schema="sample", postgresql_concurrently=True
        )
"""

DEPLOY = "core.migrations.alembic_commands"


@contextmanager
def another_deployer(url: SecretStr) -> Generator[None, None, None]:
    """Holds the migration lock until the end of the block."""
    engine = connect(url)
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_advisory_lock(hashtext('migrations of the ledger sample'))"
        )
        connection.commit()
        yield
    engine.dispose()


def statements(url: SecretStr) -> str:
    """The latest statement of each other connection to the database."""
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    return str(execute(url, f"SELECT query FROM pg_stat_activity WHERE {others}"))


def test_concurrent_deployers_take_turns(databases: Databases) -> None:
    url = databases.empty()
    with ExitStack() as stack:
        with another_deployer(url):
            arguments = ("sample", str(ini_of("sample")))
            deployers = [
                stack.enter_context(
                    closing(start(DEPLOY, *arguments, env=environment(DATABASE_URL=url)))
                )
                for _ in range(4)
            ]
            until(lambda: statements(url).count("advisory_lock") == 4, "not all of them wait")
        assert [deployer.wait(60) for deployer in deployers] == [0] * 4
    assert len(execute(url, "SELECT * FROM sample.alembic_version_sample")) == 1


def test_a_deployer_gives_up_when_another_one_holds_the_migration_lock(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.empty()
    monkeypatch.setenv("MIGRATION_WAIT", "0.2")
    with another_deployer(url):
        with pytest.raises(CommandError, match="migrating 'sample' .*, or raise MIGRATION_WAIT$"):
            command.upgrade(config("sample", url), "head")
    assert schemas(url) == set()


def test_waiting_for_another_deployer_does_not_depend_on_the_statement_timeout(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.empty()
    monkeypatch.setenv("MIGRATION_STATEMENT_TIMEOUT", "0.2")
    monkeypatch.setenv("MIGRATION_WAIT", "0.5")
    with another_deployer(url):
        with pytest.raises(CommandError, match="Another deployer has been migrating 'sample'"):
            command.upgrade(config("sample", url), "head")
    monkeypatch.setenv("MIGRATION_STATEMENT_TIMEOUT", "1")
    monkeypatch.setenv("MIGRATION_WAIT", "60")
    with ThreadPoolExecutor(1) as pool:
        with another_deployer(url):
            upgrade = pool.submit(command.upgrade, config("sample", url), "head")
            with pytest.raises(TimeoutError):
                upgrade.result(2)
        upgrade.result(60)


def test_a_deployer_can_build_an_index_concurrently_while_another_one_waits(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.migrated("sample")
    ini = copied_sample(tmp_path)
    (ini.parent / "versions/indexed.py").write_text(CONCURRENT_INDEX)
    monkeypatch.setenv("MIGRATION_LOCK_TIMEOUT", "60")
    engine = connect(url, statement_timeout=120)
    with ThreadPoolExecutor(1) as pool:
        with engine.connect() as writer:
            # Makes the index wait before it looks for older snapshots.
            writer.exec_driver_sql("LOCK TABLE sample.ledger_entry IN ROW EXCLUSIVE MODE")
            builder = pool.submit(command.upgrade, config("sample", url, str(ini)), "head")
            until(lambda: "CREATE INDEX CONC" in statements(url), "the index is not being built")
            waiter = start(DEPLOY, "sample", str(ini), env=environment(DATABASE_URL=url))
            until(lambda: "advisory_lock" in statements(url), "the other deployer does not wait")
        builder.result(60)
    engine.dispose()
    with closing(waiter):
        assert waiter.wait(60) == 0
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'sample.added'::regclass"
    assert execute(url, valid) == [(True,)]


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
