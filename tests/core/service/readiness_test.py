"""Readiness means that the next post can succeed: it looks at all that a post needs."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from httpx import Client
from pydantic import SecretStr

from core.embedded.copied_data import copied
from core.embedded.postgresql_server import postgresql
from core.ledgers.errors import ConfigurationError
from core.migrations.readiness import require_ready
from core.service.sample_requests import assert_consistent, assert_unavailable, post
from core.settings.groups import DatabaseSettings
from core.storage.connections import connect
from core.testing.databases import Databases, execute
from core.testing.service_process import service
from core.testing.threaded_service import assert_problem, served
from core.testing.waiting import until
from sample.ledger import LEDGER


@contextmanager
def client_of(url: SecretStr) -> Generator[Client, None, None]:
    with served(LEDGER, DatabaseSettings(database_url=url)) as client:
        yield client


def test_a_database_that_was_stamped_without_being_migrated(
    url: SecretStr, databases: Databases
) -> None:
    empty = databases.empty()
    [(revision,)] = execute(url, "SELECT version_num FROM sample.alembic_version_sample")
    execute(
        empty,
        "CREATE SCHEMA sample; CREATE TABLE sample.alembic_version_sample (version_num text);"
        f"INSERT INTO sample.alembic_version_sample VALUES ('{revision}')",
    )
    with client_of(empty) as client:
        problem = assert_unavailable(client.get("/readyz"), "database_not_migrated")
        assert "sample.ledger_balance" in problem["detail"] or "ledger_entry" in problem["detail"]
        assert_unavailable(post(client, "ann", "1"), "database_not_migrated")
        assert_unavailable(client.get("/ledger/ann"), "database_not_migrated")


def test_why_the_database_cannot_be_reached_is_in_the_log_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with client_of(SecretStr("postgresql://somebody@127.0.0.1:1/db")) as client:
        problem = assert_unavailable(client.get("/readyz"))
    assert "127.0.0.1" not in problem["detail"] and "Connection refused" in caplog.text


def test_why_the_database_refuses_the_login_is_in_the_log_only(
    url: SecretStr, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = SecretStr(url.get_secret_value().replace("postgres@", "somebody@"))
    assert stranger != url
    with client_of(stranger) as client:
        problem = assert_unavailable(client.get("/readyz"))
    assert "somebody" not in problem["detail"] and '"somebody" does not exist' in caplog.text


@pytest.mark.parametrize(
    "damage",
    [
        "ALTER TABLE sample.ledger_balance RENAME TO other",
        "ALTER TABLE sample.ledger_entry RENAME nonce TO other",
        "ALTER SCHEMA sample RENAME TO other",
    ],
)
def test_what_is_missing_is_never_a_reason_to_try_again(url: SecretStr, damage: str) -> None:
    with client_of(url) as client:
        assert client.get("/readyz").status_code == 200
        assert post(client, "ann", "1").status_code == 201
        execute(url, damage)
        assert_unavailable(client.get("/readyz"), "database_not_migrated")
        problem = assert_unavailable(post(client, "ann", "2"), "database_not_migrated")
        assert "migrate it" in problem["detail"]


def test_an_operation_that_is_in_no_migration(url: SecretStr) -> None:
    execute(url, "ALTER TYPE sample.ledger_operation RENAME VALUE 'DAILY_REWARD' TO 'OTHER'")
    with client_of(url) as client:
        problem = assert_unavailable(client.get("/readyz"), "database_not_migrated")
        assert "No migration has the operations DAILY_REWARD: write one" in problem["detail"]
        assert "sample:service -- migrate revision --autogenerate -m" in problem["detail"]
        refused = post(client, "ann", "1", "DAILY_REWARD")
        problem = assert_unavailable(refused, "database_not_migrated")
        assert '"DAILY_REWARD"' in problem["detail"]
        assert "write a migration if none has the operation" in problem["detail"]
        assert post(client, "ann", "2", "CREDIT_ADD").status_code == 201


def test_a_service_warns_at_start_about_an_operation_that_no_migration_removes(
    url: SecretStr, capfd: pytest.CaptureFixture[str]
) -> None:
    execute(url, "ALTER TYPE sample.ledger_operation ADD VALUE 'REFUND' BEFORE 'CREDIT_ADD'")
    with service("sample.service", DATABASE_URL=url) as running:
        assert post(running.client, "ann", "1").status_code == 201
        assert running.client.get("/readyz").status_code == 200
    [warning] = [line for line in capfd.readouterr().err.splitlines() if "WARNING" in line]
    assert "No migration removes the operations REFUND, which this release lacks" in warning
    assert 'sample:service -- migrate revision --autogenerate -m "what it changes"' in warning


@pytest.mark.parametrize(
    "privilege",
    [
        "INSERT ON sample.ledger_entry",
        "SELECT ON sample.ledger_entry",
        "INSERT ON sample.ledger_balance",
        "UPDATE ON sample.ledger_balance",
        "SELECT ON sample.ledger_balance",
        "USAGE ON SCHEMA sample",
    ],
)
def test_a_role_without_a_privilege(url: SecretStr, privilege: str) -> None:
    role = "role_" + "_".join(privilege.lower().replace(".", "_").split())
    execute(
        url,
        f"CREATE ROLE {role} LOGIN;"
        f"GRANT USAGE ON SCHEMA sample TO {role};"
        f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA sample TO {role}",
    )
    of_role = SecretStr(url.get_secret_value().replace("postgres@", f"{role}@"))
    with client_of(of_role) as client:
        assert client.get("/readyz").status_code == 200
        execute(url, f"REVOKE {privilege} FROM {role}")
        problem = assert_unavailable(client.get("/readyz"), "database_access_denied")
        assert "permission denied" in problem["detail"]
        problem = assert_unavailable(post(client, "ann", "1"), "database_access_denied")
        assert "grant it" in problem["detail"] and "try again" not in problem["detail"]
        execute(url, f"GRANT {privilege} TO {role}")
        assert client.get("/readyz").status_code == 200
        assert post(client, "ann", "1").status_code == 201
    execute(url, f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_statement_that_postgresql_cannot_execute_is_a_defect(url: SecretStr) -> None:
    execute(
        url,
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN EXECUTE 'SELEC 1'; RETURN NEW; END $$;"
        "CREATE TRIGGER broken BEFORE INSERT ON sample.ledger_entry"
        " FOR EACH ROW EXECUTE FUNCTION broken()",
    )
    with client_of(url) as client:
        assert_problem(post(client, "ann", "1"), 500, "internal_error")


def test_a_standby_is_not_ready_until_it_is_promoted(tmp_path: Path, migrated: Path) -> None:
    data = copied(migrated, tmp_path / "data")
    with postgresql(data) as url:
        with client_of(url) as client:
            assert post(client, "ann", "1").status_code == 201
    (data / "standby.signal").touch()
    with postgresql(data) as url:
        # `any`, as a pooler would have it, which stays connected while its server becomes a standby
        any_server = SecretStr(f"{url.get_secret_value()}&target_session_attrs=any")
        with client_of(url) as primary_only, client_of(any_server) as client:
            assert client.get("/ledger/ann").json()["balance"] == 1
            problem = assert_unavailable(client.get("/readyz"))
            assert "standby" in problem["detail"]
            assert_unavailable(post(client, "ann", "2"))
            assert_unavailable(primary_only.get("/readyz"))
            assert_unavailable(post(primary_only, "ann", "2"))
            assert_unavailable(primary_only.get("/ledger/ann"))
            until(lambda: not posting_sessions(any_server), "the connection is kept")
            execute(any_server, "SELECT pg_promote()")
            for each in (client, primary_only):
                until(lambda: each.get("/readyz").status_code == 200, "it is not promoted")
            assert post(client, "ann", "2").status_code == 201
            assert post(primary_only, "ann", "3").status_code == 201
        assert_consistent(url)


def posting_sessions(url: SecretStr) -> list[tuple[int]]:
    return execute(
        url,
        "SELECT pid FROM pg_stat_activity"
        " WHERE position('post_alone' in query) > 0 AND pid <> pg_backend_pid()",
    )


@pytest.mark.parametrize("encoding", ["sql_ascii", "latin1"])
def test_an_encoding_that_cannot_hold_unicode_is_refused(
    databases: Databases, encoding: str
) -> None:
    other = databases.empty()
    engine = connect(other).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(
            f"CREATE DATABASE {encoding} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
        )
    engine.dispose()
    parts = urlsplit(other.get_secret_value())
    url = SecretStr(parts._replace(path=f"/{encoding}").geturl())
    with pytest.raises(ConfigurationError, match="encoding .*use a database with .* UTF8"):
        require_ready(LEDGER, url)
    with client_of(url) as client:
        assert_unavailable(client.get("/readyz"), "invalid_configuration")
