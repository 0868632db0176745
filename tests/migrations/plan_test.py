"""A plan names the revisions that would run, and the locks for which services would wait."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from core.migration_check import plan
from core.migration_check.app_migrations import Migrations
from core.migration_check.invariants import exclusive_locks_are_announced
from core.migration_check.locks import locks_of_upgrade
from core.testing.databases import Databases, execute
from migrations.copied_sample import HEAD, PARENT, copied_sample, ini_of
from migrations.in_process import run
from sample.ledger import LEDGER

REVISION = """\"\"\"{docstring}\"\"\"
from alembic import op
revision, down_revision = 'new', '{head}'
def upgrade():
    {upgrade}
def downgrade(): ...
"""


def planned(url: SecretStr, ini: Path | None = None) -> tuple[int, str]:
    arguments = (str(ini or ini_of("sample")), "sample.ledger:LEDGER")
    return run(lambda: plan.main(*arguments), DATABASE_URL=url)


def lines(url: SecretStr, databases: Databases) -> list[str]:
    """The lines of a plan that uses the tests' server instead of starting its own."""
    made: list[str] = []
    migrations = Migrations(LEDGER, databases.server)
    run(
        lambda: made.extend(plan.plan(migrations, plan.known_revisions("sample"))), DATABASE_URL=url
    )
    return made


def with_revision(folder: Path, upgrade: str, docstring: str = "a new revision") -> Path:
    """Adds a revision to a copy of the sample's, and returns the alembic.ini."""
    ini = copied_sample(folder)
    text = REVISION.format(head=HEAD, docstring=docstring, upgrade=upgrade)
    (ini.parent / "versions/new.py").write_text(text)
    return ini


def test_an_empty_database_gets_every_revision(databases: Databases) -> None:
    url = databases.empty()
    assert planned(url) == (
        0,
        "sample: the database is empty: 2 revisions would run\n"
        f"  {PARENT} create the ledger\n"
        "    takes no lock that posts or reads wait for\n"
        f"  {HEAD} add a constraint\n"
        "    takes ACCESS EXCLUSIVE on ledger_entry: posts and reads wait until it has committed\n",
    )
    assert execute(url, "SELECT FROM pg_namespace WHERE nspname = 'sample'") == []


def test_a_plan_begins_at_the_revision_of_the_database(databases: Databases) -> None:
    url = databases.migrated("sample")
    at_head = f"sample: the database is at revision {HEAD}: nothing would run"
    assert lines(url, databases) == [at_head]
    execute(url, f"UPDATE sample.alembic_version_sample SET version_num = '{PARENT}'")
    first, *rest = lines(url, databases)
    assert first == f"sample: the database is at revision {PARENT}: 1 revision would run"
    assert rest and not any(PARENT in line for line in rest)


@pytest.mark.parametrize(
    "upgrade, locks",
    [
        ("pass", {}),
        ("op.execute('SELECT FROM sample.ledger_entry')", {}),
        ("op.execute('CREATE TABLE sample.mine (); LOCK TABLE sample.mine')", {}),
        ("op.execute('LOCK TABLE sample.ledger_entry')", {"ledger_entry": "ACCESS EXCLUSIVE"}),
        (
            "op.execute('CREATE INDEX mine ON sample.ledger_entry (amount)')",
            {"ledger_entry": "SHARE"},
        ),
        (
            "op.execute('CREATE TABLE sample.mine (id bigint REFERENCES sample.ledger_entry)')",
            {"ledger_entry": "SHARE ROW EXCLUSIVE"},
        ),
        (
            # A lock that is released before the revision ends.
            "with op.get_context().autocommit_block():"
            " op.execute('ALTER TABLE sample.ledger_balance SET (fillfactor = 50)');"
            " op.execute('ALTER TABLE sample.ledger_balance ADD mine int')",
            {"ledger_balance": "ACCESS EXCLUSIVE"},
        ),
        (
            "with op.get_context().autocommit_block(): op.execute("
            "'CREATE INDEX CONCURRENTLY mine ON sample.ledger_entry (amount)')",
            {},
        ),
        (
            "with op.get_context().autocommit_block():"
            " op.execute('VACUUM (ANALYZE) sample.ledger_entry')",
            {},
        ),
        (
            "with op.get_context().autocommit_block():"
            " op.execute('VACUUM (FULL) sample.ledger_entry')",
            {"ledger_entry": "ACCESS EXCLUSIVE"},
        ),
    ],
)
def test_the_locks_are_those_that_postgresql_takes(
    databases: Databases, tmp_path: Path, upgrade: str, locks: dict[str, str]
) -> None:
    migrations = Migrations(LEDGER, databases.server, str(with_revision(tmp_path, upgrade)))
    [new] = locks_of_upgrade(migrations, (HEAD,))
    assert (new.revision, new.docstring, new.locks) == ("new", "a new revision", locks)


def test_a_database_of_newer_code_has_no_plan(databases: Databases) -> None:
    url = databases.migrated("sample")
    execute(url, "UPDATE sample.alembic_version_sample SET version_num = 'newer'")
    code, output = planned(url)
    assert code == 1
    assert output.startswith("sample: The database is at revision newer, which this code does not")


def test_a_database_that_does_not_answer_has_no_plan() -> None:
    code, output = planned(SecretStr("postgresql://nobody@127.0.0.1:1/nothing"))
    assert code == 1
    assert "sample: The database does not answer" in output and "Traceback" not in output


@pytest.mark.parametrize("docstring", ["x", "It takes\\n  ACCESS EXCLUSIVE on ledger_balance."])
def test_an_exclusive_lock_must_be_announced(
    databases: Databases, tmp_path: Path, docstring: str
) -> None:
    ini = with_revision(tmp_path, "op.execute('LOCK TABLE sample.ledger_entry')", docstring)
    [problem] = exclusive_locks_are_announced(Migrations(LEDGER, databases.server, str(ini)))
    assert problem.startswith("revision new takes ACCESS EXCLUSIVE on ledger_entry, so that")
    assert 'say "It takes ACCESS EXCLUSIVE on ledger_entry"' in problem
    (ini.parent / "versions/new.py").unlink()
    ini = with_revision(
        tmp_path / "said",
        "op.execute('LOCK TABLE sample.ledger_entry')",
        "x\n\nIt takes ACCESS\nEXCLUSIVE on ledger_entry.",
    )
    assert [*exclusive_locks_are_announced(Migrations(LEDGER, databases.server, str(ini)))] == []
