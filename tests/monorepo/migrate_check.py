"""`./pants migrate` and the linter `migration-check`, run in a copy of the workspace."""

import re

import pytest
from pydantic import SecretStr

from core.testing.databases import Databases, execute
from monorepo.workspace import Workspace

OPERATIONS = "src/python/apps/travel/operations.py"
LEDGER = "src/python/apps/travel/ledger.py"


@pytest.fixture
def url(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> SecretStr:
    for app in ("CONTENT", "TRAVEL"):
        monkeypatch.delenv(f"{app}_DATABASE_URL", raising=False)
    empty = databases.empty()
    monkeypatch.setenv("DATABASE_URL", empty.get_secret_value())
    return empty


def add_an_operation(workspace: Workspace) -> None:
    for name, after, line in (
        (OPERATIONS, '= "LOYALTY_BONUS"\n', '    UPGRADE = "UPGRADE"\n'),
        (LEDGER, "LOYALTY_BONUS: 2,\n", "        TravelLedgerOperation.UPGRADE: -2,\n"),
    ):
        text = (workspace.root / name).read_text()
        assert after in text
        workspace.write(name, text.replace(after, after + line))


def head(workspace: Workspace) -> str:
    """The only revision of travel."""
    [revision] = (workspace.root / "alembic/travel/versions").glob("*_create_the_ledger.py")
    [identifier] = re.findall(r'^revision = "(.*)"', revision.read_text(), re.MULTILINE)
    return str(identifier)


def schemas(url: SecretStr) -> set[str]:
    rows = execute(url, "SELECT nspname FROM pg_namespace WHERE nspname IN ('content', 'travel')")
    return {name for (name,) in rows}


def test_migrate_upgrades_every_app_and_reports_each(workspace: Workspace, url: SecretStr) -> None:
    planned = workspace.output("migrate", "--plan", "::").splitlines()
    for app in ("content", "travel"):
        assert f"{app}: the database is empty: 1 revision would run" in planned
    assert schemas(url) == set()
    result = workspace.pants("migrate", "::")
    assert result.returncode == 0, result.stdout
    assert "✓ content: upgrade head succeeded\n✓ travel: upgrade head succeeded\n" in result.stdout
    assert schemas(url) == {"content", "travel"}


def test_nothing_is_migrated_if_one_app_has_no_database(
    workspace: Workspace, url: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("CONTENT_DATABASE_URL", url.get_secret_value())
    result = workspace.pants("migrate", "::")
    assert result.returncode == 1
    assert "travel: No database is given: set TRAVEL_DATABASE_URL or DATABASE_URL" in result.stdout
    assert schemas(url) == set()


def test_an_unusable_url_of_one_app_does_not_stop_the_other(
    workspace: Workspace, url: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTENT_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    result = workspace.pants("migrate", "::")
    assert result.returncode == 1
    assert "content: The database does not answer" in result.stdout
    assert "Traceback" not in result.stdout
    assert "✕ content: upgrade head failed (exit code 1)" in result.stdout
    assert "✓ travel: upgrade head succeeded" in result.stdout
    assert schemas(url) == {"travel"}


def test_a_dry_run_prints_the_sql_and_changes_nothing(workspace: Workspace, url: SecretStr) -> None:
    printed = workspace.output("migrate", "--dry-run", "alembic/travel::")
    assert "CREATE TABLE travel.ledger_entry" in printed
    assert "✓" not in printed  # the output is SQL only, to be piped into psql
    assert schemas(url) == set()
    execute(url, printed.replace("%", "%%"))
    assert workspace.pants("migrate", "alembic/travel::", "--", "check").returncode == 0


def test_a_revision_is_written_into_the_workspace(workspace: Workspace, url: SecretStr) -> None:
    add_an_operation(workspace)
    result = workspace.pants("lint", "--only=migration-check", "alembic/travel::")
    assert result.returncode != 0
    assert "travel: No migration has the operations UPGRADE" in result.stdout
    assert "Traceback" not in result.stdout
    assert workspace.pants("migrate", "alembic/travel::").returncode == 0
    before = set((workspace.root / "alembic/travel/versions").glob("*.py"))
    revision = ("revision", "--autogenerate", "-m", "add upgrades")
    result = workspace.pants("migrate", "alembic/travel::", "--", *revision)
    assert result.returncode == 0, result.stdout
    [new] = set((workspace.root / "alembic/travel/versions").glob("*.py")) - before
    assert 'add_operations("travel", ["UPGRADE"])' in new.read_text()
    result = workspace.pants("lint", "alembic/travel::")
    assert result.returncode == 0, result.stdout
    assert workspace.pants("migrate", "alembic/travel::").returncode == 0
    assert "(head)" in workspace.output("migrate", "alembic/travel::", "--", "current")
    assert workspace.pants("migrate", "alembic/travel::", "--", "downgrade", "-1").returncode == 0


def test_the_command_that_lint_suggests_works_as_printed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "TRAVEL_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    add_an_operation(workspace)
    result = workspace.pants("lint", "--only=migration-check", "alembic/travel::")
    [command] = re.findall(r"UPGRADE: write one in a clone with (.*), and migrate", result.stdout)
    result = workspace.run("bash", "-c", command)
    assert result.returncode == 0, result.stdout
    result = workspace.pants("lint", "alembic/travel::", "src/python/apps/travel::")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    "statement, problem",
    [
        ("CREATE TABLE public.stray ()", "changes objects outside the schema 'travel'"),
        ("DELETE FROM _neighbour.ledger_entry", "changes objects outside the schema 'travel'"),
        ("ALTER TYPE _neighbour.ledger_operation ADD VALUE 'X'", "changes objects outside the"),
        ("CREATE TABLE travel.stray (id int)", "downgrade leaves "),
        ("CREATE FUNCTION travel.stray() RETURNS int RETURN 1", "downgrade leaves function"),
        ("LOCK TABLE travel.ledger_balance", "bad takes ACCESS EXCLUSIVE on ledger_balance, so"),
    ],
)
def test_migration_check_reports_a_faulty_revision(
    workspace: Workspace, statement: str, problem: str
) -> None:
    workspace.write(
        "alembic/travel/versions/bad.py",
        f"""from alembic import op

revision = "bad"
down_revision = "{head(workspace)}"


def upgrade() -> None:
    op.execute("{statement}")


def downgrade() -> None:
    pass
""",
    )
    result = workspace.pants("lint", "--only=migration-check", "::")
    assert result.returncode != 0
    assert problem in result.stdout, result.stdout
    assert "content: " not in result.stdout


def test_migration_check_reports_two_heads(workspace: Workspace) -> None:
    for name in ("one", "two"):
        workspace.write(
            f"alembic/travel/versions/{name}.py",
            f'revision = "{name}"\ndown_revision = "{head(workspace)}"\n'
            "def upgrade() -> None: ...\ndef downgrade() -> None: ...\n",
        )
    result = workspace.pants("lint", "--only=migration-check", "alembic/travel::")
    assert result.returncode != 0
    assert (
        "travel: The migrations have more than one head: one, two. Order them, or merge them"
        in result.stdout
    )
    assert workspace.pants("migrate", "alembic/travel::", "--", "merge", "heads").returncode == 0
