"""SERVICE_ROLE: the role of a service can do what a service does, and nothing else."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg2
import pytest
from alembic import command
from alembic.util import CommandError
from pydantic import SecretStr

from core.ledgers.ledger import Ledger, once
from core.ledgers.outcomes import Posted
from core.ledgers.requests import Post
from core.migration_check.app_migrations import Migrations, execute_script
from core.migrations.readiness import require_ready
from core.migrations.revisions import config
from core.testing.blocking_store import blocking_store
from core.testing.databases import Databases, execute
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

ROLE = 'service "of" 100%:x'
LIMITED = Ledger(
    name="sample",
    operations=Operation,
    amounts={Operation.BOOKING_REWARD: 5},
    limits={Operation.SIGNUP_CREDIT: once()},
)


QUOTED = '"service ""of"" 100%%:x"'


@pytest.fixture(scope="module")
def role(databases: Databases) -> Iterator[None]:
    """The role that SERVICE_ROLE names. All databases of a server share their roles."""
    any_database = databases.empty()
    execute(any_database, f"CREATE ROLE {QUOTED} LOGIN")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAMPLE_SERVICE_ROLE", ROLE)
        yield
    execute(any_database, f"DROP ROLE {QUOTED}")


@contextmanager
def database(databases: Databases) -> Generator[SecretStr, None, None]:
    url = databases.empty()
    yield url
    execute(url, f"DROP OWNED BY {QUOTED}")


@pytest.fixture
def url(databases: Databases, role: None) -> Iterator[SecretStr]:
    """An empty database."""
    with database(databases) as url:
        yield url


@pytest.fixture(scope="module")
def migrated(databases: Databases, role: None) -> Iterator[SecretStr]:
    """A migrated database with another schema as well. Tests must not change it."""
    with database(databases) as url:
        execute(url, f"CREATE SCHEMA sample; GRANT ALL ON SCHEMA sample TO {QUOTED}")
        execute(url, "CREATE SCHEMA other; CREATE TABLE other.ledger_entry ()")
        upgrade(url)
        yield url


def of_role(url: SecretStr) -> SecretStr:
    encoded = "service%20%22of%22%20100%25%3Ax"
    return SecretStr(url.get_secret_value().replace("postgres@", f"{encoded}@"))


def upgrade(url: SecretStr) -> None:
    command.upgrade(config("sample", url), "head")


def assert_can_serve(url: SecretStr) -> None:
    role_url = of_role(url)
    require_ready(LIMITED, role_url)
    with blocking_store(LIMITED, role_url) as store:
        posts = [
            Post("ann", Operation.CREDIT_ADD, "1"),
            Post("ann", Operation.SIGNUP_CREDIT, "2"),
            Post("bob", Operation.CREDIT_ADD, "1"),
        ]
        assert all(isinstance(outcome, Posted) for outcome in store.post(posts))
        assert [entry.nonce for entry in store.entries("ann")] == ["1", "2"]
        assert store.balance("ann") == 13


def test_a_service_can_do_its_work_as_that_role(url: SecretStr) -> None:
    for _ in range(2):  # as migrating again changes nothing
        upgrade(url)
    assert_can_serve(url)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sample.ledger_entry SET amount = 0",
        "DELETE FROM sample.ledger_entry",
        "TRUNCATE sample.ledger_entry CASCADE",
        "DELETE FROM sample.ledger_balance",
        "DELETE FROM sample.ledger_limit_use",
        "UPDATE sample.ledger_limit_use SET allowed = 2",
        "UPDATE sample.alembic_version_sample SET version_num = 'x'",
        "ALTER TABLE sample.ledger_entry DISABLE TRIGGER ALL",
        "ALTER TYPE sample.ledger_operation ADD VALUE 'X'",
        "CREATE TABLE sample.mine ()",
        "CREATE TABLE public.mine ()",
        "CREATE SCHEMA mine",
        "DROP SCHEMA sample CASCADE",
        "SELECT FROM other.ledger_entry",
        "CREATE ROLE another",
    ],
)
def test_it_can_do_nothing_else(migrated: SecretStr, statement: str) -> None:
    with pytest.raises(psycopg2.ProgrammingError, match="permission denied|must be owner"):
        execute(of_role(migrated), statement)


def test_a_role_that_is_set_later_needs_no_new_revision(
    url: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SAMPLE_SERVICE_ROLE")
    upgrade(url)
    monkeypatch.setenv("SAMPLE_SERVICE_ROLE", ROLE)
    command.current(config("sample", url))  # which only reads
    with pytest.raises(psycopg2.ProgrammingError, match="permission denied"):
        execute(of_role(url), "SELECT FROM sample.ledger_entry")
    upgrade(url)
    assert_can_serve(url)


def test_what_a_team_has_granted_on_its_own_tables_remains(url: SecretStr) -> None:
    upgrade(url)
    execute(url, f"CREATE TABLE sample.report (); GRANT SELECT ON sample.report TO {QUOTED}")
    upgrade(url)
    execute(of_role(url), "SELECT FROM sample.report")


def test_what_was_granted_on_the_ids_is_revoked(url: SecretStr) -> None:
    upgrade(url)
    execute(url, f"GRANT ALL ON ALL SEQUENCES IN SCHEMA sample TO {QUOTED}")
    upgrade(url)
    with pytest.raises(psycopg2.ProgrammingError, match="permission denied"):
        execute(of_role(url), "SELECT setval('sample.ledger_entry_id_seq', 1)")
    assert_can_serve(url)


@pytest.mark.parametrize("is_member", [False, True])
def test_the_owner_of_the_tables_and_its_members_are_refused(
    url: SecretStr, monkeypatch: pytest.MonkeyPatch, is_member: bool
) -> None:
    monkeypatch.delenv("SAMPLE_SERVICE_ROLE")
    upgrade(url)
    owner, member = (f"{name}_{uuid4().hex}" for name in ("owner", "member"))
    execute(
        url,
        f"CREATE ROLE {owner}; CREATE ROLE {member} IN ROLE {owner};"
        f"ALTER TABLE sample.ledger_entry OWNER TO {owner}",
    )
    monkeypatch.setenv("SAMPLE_SERVICE_ROLE", member if is_member else owner)
    with pytest.raises(CommandError, match="owns the tables, is a member of their owner or"):
        upgrade(url)


def test_the_printed_sql_has_the_grants_too(url: SecretStr, databases: Databases) -> None:
    sample = Migrations(LEDGER, databases.server)
    execute_script(url, sample.alembic(command.upgrade, url, "head", sql=True))
    assert_can_serve(url)


def test_downgrades_work(url: SecretStr) -> None:
    upgrade(url)
    command.downgrade(config("sample", url), "base")
    upgrade(url)
    assert_can_serve(url)


@pytest.mark.parametrize(
    "role, reason", [("nobody there", "does not exist"), ("postgres", "is a superuser")]
)
def test_a_role_that_cannot_be_meant_is_refused_before_anything_is_changed(
    url: SecretStr, monkeypatch: pytest.MonkeyPatch, role: str, reason: str
) -> None:
    monkeypatch.setenv("SAMPLE_SERVICE_ROLE", role)
    with pytest.raises(CommandError, match=f"SAMPLE_SERVICE_ROLE names .*{reason}"):
        upgrade(url)
    assert execute(url, "SELECT to_regclass('sample.ledger_entry')") == [(None,)]
