"""A migration command that fails says why and what to do next, and changes nothing."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from core.migrations import alembic_commands
from core.storage.connections import connect
from core.testing import programs
from core.testing.databases import Databases, execute
from core.testing.process_environment import environment
from migrations.copied_sample import HEAD, copied_sample, ini_of
from migrations.in_process import run


def migrate(
    *arguments: str, ini_file: Path | None = None, **settings: str | SecretStr
) -> tuple[int, str]:
    """Runs the program of `./pants migrate` for the sample; returns its exit code and output."""
    ini = str(ini_file or ini_of("sample"))
    return run(lambda: alembic_commands.migrate("sample", None, *arguments, ini=ini), **settings)


def test_the_program_reports_a_missing_setting() -> None:
    module = "core.migrations.alembic_commands"
    ini = str(ini_of("sample"))
    done = programs.run(module, "sample", ini, env=environment(), merged=True)
    expected = "sample: No database is given: set SAMPLE_DATABASE_URL or DATABASE_URL\n"
    assert (done.returncode, done.stdout) == (1, expected)


@pytest.mark.parametrize(
    "url, reason",
    [
        ("mysql://localhost/ledger", "must begin with postgresql://"),
        ("postgresql://user:secret@host:port/ledger", "is not of the form postgresql://"),
        ("postgresql://user:secret@127.0.0.1:1/ledger", "Check DATABASE_URL\n"),
    ],
)
def test_an_unusable_url_is_reported_without_its_password(url: SecretStr, reason: str) -> None:
    code, output = migrate(DATABASE_URL=url)
    assert code == 1
    assert reason in output and "secret" not in output


def test_a_database_that_does_not_exist_is_reported(databases: Databases) -> None:
    code, output = migrate(
        SAMPLE_DATABASE_URL=databases.empty().get_secret_value().replace("/test_", "/no_test_")
    )
    assert code == 1
    assert "The database refuses the login: " in output and "does not exist" in output
    assert output.endswith("\nCheck SAMPLE_DATABASE_URL\n")


def test_a_refused_login_is_reported_with_the_variable_that_was_used(databases: Databases) -> None:
    url = databases.empty()
    execute(url, "DROP ROLE IF EXISTS nobody; CREATE ROLE nobody NOLOGIN")
    other = url.get_secret_value().replace("postgres@", "nobody@")
    code, output = migrate(SAMPLE_DATABASE_URL=other, DATABASE_URL=url)
    assert code == 1
    assert "The database refuses the login: " in output and "not permitted to log in" in output
    assert output.endswith("\nCheck SAMPLE_DATABASE_URL\n")


def test_a_removal_that_is_refused_names_all_that_is_needed_to_decide(
    databases: Databases, tmp_path: Path
) -> None:
    url = databases.migrated("sample")
    execute(
        url,
        "INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)"
        " VALUES ('CREDIT_ADD', 10, '1', 'ann'), ('BOOKING_REWARD', 5, '2', 'ann')",
    )
    ini = copied_sample(tmp_path)
    (ini.parent / "versions/removal.py").write_text(
        "from core.migrations.operation_changes import remove_operations\n"
        f"revision, down_revision = 'removal', '{HEAD}'\n"
        "def upgrade(): remove_operations('sample', ['BOOKING_REWARD', 'DAILY_REWARD'])\n"
    )
    code, output = migrate(ini_file=ini, DATABASE_URL=url)
    assert code == 1
    assert (
        'sample: Revision removal failed: refused: in "sample", entries use operations that this '
        "migration removes: BOOKING_REWARD. Either keep the operations: " in output
    )
    assert "Or first give those entries another operation" in output


def test_an_unknown_revision_in_the_arguments_is_reported_as_such(databases: Databases) -> None:
    code, output = migrate("upgrade", "nobody", DATABASE_URL=databases.migrated("sample"))
    assert code == 1
    assert "sample: Can't locate revision identified by 'nobody'. The command `history`" in output


def test_a_lock_timeout_is_explained_and_changes_nothing(databases: Databases) -> None:
    url = databases.migrated("sample")
    before = execute(url, "SELECT version_num FROM sample.alembic_version_sample")
    engine = connect(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT FROM sample.ledger_entry")
        code, output = migrate(
            "downgrade", "-1", DATABASE_URL=url, SAMPLE_MIGRATION_LOCK_TIMEOUT="0.2"
        )
    engine.dispose()
    assert code == 1
    assert "lock timeout. Another transaction has locked what this command changes" in output
    assert output.endswith(", or raise SAMPLE_MIGRATION_LOCK_TIMEOUT\n")
    assert execute(url, "SELECT version_num FROM sample.alembic_version_sample") == before


def test_the_workspace_may_be_in_any_folder(databases: Databases, tmp_path: Path) -> None:
    url = databases.empty()
    ini = copied_sample(tmp_path.joinpath("100%", "%(here)s", "%%", "a b+c&d,e;f=g", "é's"))
    assert migrate(ini_file=ini, DATABASE_URL=url)[0] == 0
    assert migrate("revision", "-m", "new", ini_file=ini, DATABASE_URL=url)[0] == 0
    assert len([*ini.parent.glob("versions/*new.py")]) == 1


REMOVES_AN_OPERATION = """
from core.migrations import operation_changes
revision = "removes"
down_revision = "0000000000a2"
def upgrade():
    operation_changes.remove_operations("sample", ["BOOKING_REWARD"])
"""

DROP_AGAIN = "first, and create it again afterwards"


@pytest.mark.parametrize(
    "obstacle, culprit, next_step",
    [
        (
            "CREATE VIEW sample.mine AS SELECT operation FROM sample.ledger_entry",
            "view sample.mine",
            DROP_AGAIN,
        ),
        (
            "CREATE TRIGGER mine BEFORE UPDATE OF operation ON sample.ledger_entry"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "trigger mine",
            DROP_AGAIN,
        ),
        (
            "CREATE INDEX mine ON sample.ledger_entry (id) WHERE operation = 'CREDIT_ADD'",
            "index sample.mine",
            DROP_AGAIN,
        ),
        (
            "ALTER TABLE sample.ledger_entry ADD CONSTRAINT mine CHECK (operation <> 'CREDIT_ADD')",
            "constraint mine on",
            DROP_AGAIN,
        ),
        (
            "CREATE TABLE sample.mine (operation sample.ledger_operation)",
            "column operation of table sample.mine",
            "Change or drop that object first",
        ),
        (
            "CREATE TYPE sample.ledger_operation_old AS ENUM ()",
            '"ledger_operation_old"',
            "Find out what has created it",
        ),
        (
            "CREATE FUNCTION sample.mine() RETURNS event_trigger LANGUAGE plpgsql"
            " AS $$BEGIN RAISE 'not on Fridays'; END$$;"
            "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION sample.mine()",
            "not on Fridays. PL/pgSQL function sample.mine() line 1",
            "Remove the cause",
        ),
    ],
)
def test_a_refusal_names_the_object_in_the_way(
    databases: Databases, tmp_path: Path, obstacle: str, culprit: str, next_step: str
) -> None:
    url = databases.migrated("sample")
    execute(url, obstacle)
    ini = copied_sample(tmp_path)
    (ini.parent / "versions/removes.py").write_text(REMOVES_AN_OPERATION)
    code, output = migrate(ini_file=ini, DATABASE_URL=url)
    assert code == 1
    message = output.splitlines()[-1]
    assert culprit in message and next_step in message
    assert "CASCADE" not in message and "inline_code_block" not in message


def test_a_missing_right_is_explained(databases: Databases) -> None:
    url = databases.empty()
    execute(url, "CREATE ROLE guest LOGIN; CREATE SCHEMA sample")
    guest = SecretStr(url.get_secret_value().replace("postgres@", "guest@"))
    code, output = migrate(DATABASE_URL=guest)
    assert code == 1
    assert "permission denied for schema sample. Migrate as the role that owns" in output


def test_a_standby_is_explained(databases: Databases, tmp_path: Path) -> None:
    ini = copied_sample(tmp_path)
    (ini.parent / "versions/read_only.py").write_text(
        'from alembic import op\nrevision = "read_only"\ndown_revision = "0000000000a2"\n'
        'def upgrade(): op.execute("SET TRANSACTION READ ONLY")\n'
    )
    code, output = migrate(ini_file=ini, DATABASE_URL=databases.migrated("sample"))
    assert code == 1
    assert "in a read-only transaction. The database is a standby, or read-only" in output


@pytest.mark.parametrize(
    "arguments, next_step",
    [
        (["downgrade", "-5"], "`history` lists the revisions"),
        (["check"], "Migrate it first: ./pants run src/python/apps/sample:service -- migrate\n"),
        (["revision", "--autogenerate", "-m", "x"], "Migrate it first: ./pants run src/python/"),
    ],
)
def test_a_command_that_alembic_refuses_says_what_to_do(
    databases: Databases, arguments: list[str], next_step: str
) -> None:
    url = databases.migrated("sample")
    execute(url, "UPDATE sample.alembic_version_sample SET version_num = '0000000000a1'")
    code, output = migrate(*arguments, DATABASE_URL=url)
    assert code == 1
    assert next_step in output
