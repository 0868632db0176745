"""A migration command that fails says why and what to do next, and changes nothing."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.storage.connections import connect
from core.testing.databases import Databases, execute
from core.testing.service_process import environment
from migrations.copied_sample import ini_of


def migrate(
    *arguments: str, ini_file: Path | None = None, **settings: str | SecretStr
) -> tuple[int, str]:
    """Runs the program of `./pants migrate` for the sample; returns its exit code and output."""
    module = "core.migrations.alembic_commands"
    done = subprocess.run(
        [sys.executable, "-m", module, "sample", ini_file or ini_of("sample"), *arguments],
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


def test_a_missing_database_setting_is_reported() -> None:
    code, output = migrate()
    assert code == 1
    assert "sample: No database is given: set SAMPLE_DATABASE_URL or DATABASE_URL" in output


@pytest.mark.parametrize(
    "url, reason",
    [
        ("mysql://localhost/ledger", "must begin with postgresql://"),
        ("postgresql://user:secret@host:port/ledger", "is not of the form postgresql://"),
        ("postgresql://user:secret@127.0.0.1:1/ledger", "Check SAMPLE_DATABASE_URL or"),
    ],
)
def test_an_unusable_url_is_reported_without_its_password(url: SecretStr, reason: str) -> None:
    code, output = migrate(DATABASE_URL=url)
    assert code == 1
    assert reason in output and "secret" not in output


def test_a_database_that_does_not_exist_is_reported(databases: Databases) -> None:
    code, output = migrate(
        DATABASE_URL=databases.empty().get_secret_value().replace("/test_", "/no_test_")
    )
    assert code == 1
    assert "does not exist" in output and "Check SAMPLE_DATABASE_URL" in output


@pytest.mark.parametrize("arguments", [[], ["current"], ["downgrade", "-1"]])
def test_a_database_ahead_of_the_code_is_left_unchanged(
    databases: Databases, arguments: list[str]
) -> None:
    url = databases.migrated("sample")
    execute(url, "UPDATE sample.alembic_version_sample SET version_num = 'newer'")
    code, output = migrate(*arguments, DATABASE_URL=url)
    assert code == 1
    assert "at revision newer, which this code does not know" in output
    assert execute(url, "SELECT version_num FROM sample.alembic_version_sample") == [("newer",)]


def test_an_unknown_revision_in_the_arguments_is_reported_as_such(databases: Databases) -> None:
    code, output = migrate("upgrade", "nobody", DATABASE_URL=databases.migrated("sample"))
    assert code == 1
    assert output.endswith("\nsample: Can't locate revision identified by 'nobody'\n")


def test_a_lock_timeout_is_explained_and_changes_nothing(databases: Databases) -> None:
    url = databases.migrated("sample")
    before = execute(url, "SELECT version_num FROM sample.alembic_version_sample")
    engine = connect(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT FROM sample.ledger_entry")
        code, output = migrate("downgrade", "-1", DATABASE_URL=url, MIGRATION_LOCK_TIMEOUT="0.2")
    engine.dispose()
    assert code == 1
    assert "lock timeout. Another transaction has locked what this revision changes" in output
    assert execute(url, "SELECT version_num FROM sample.alembic_version_sample") == before
