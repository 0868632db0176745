"""What a server, a role or an environment has as defaults does not change what a ledger does."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest
from pydantic import SecretStr

from core.ledgers.outcomes import Duplicate, Posted
from core.ledgers.requests import Post
from core.storage.connections import connect
from core.storage.opening import open_at, run, shown
from core.testing.blocking_store import blocking_store
from core.testing.databases import execute, held
from core.testing.unreliable_proxy import proxied
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

DEFAULTS = {
    "client_encoding": "latin1",
    "timezone": "Asia/Kathmandu",
    "datestyle": "SQL, DMY",
    "intervalstyle": "sql_standard",
    "standard_conforming_strings": "off",
    "escape_string_warning": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "synchronous_commit": "off",
    "search_path": "evil, pg_catalog",
    "plan_cache_mode": "force_custom_plan",
    "row_security": "off",
    "transform_null_equals": "on",
    "lock_timeout": "1",
    "statement_timeout": "1h",
    "idle_in_transaction_session_timeout": "1",
    "bytea_output": "escape",
    "array_nulls": "off",
    "quote_all_identifiers": "on",
}

NONCES = ["plain", "a'b", 'a"b', "a\\b", "{a,b}", "ü€😀", "NULL", "%(x)s", "%", "$1", "a\nb"]


@pytest.fixture
def strange_url(url: SecretStr) -> SecretStr:
    """A database whose every default is another one, and which has functions of its own."""
    [(database,)] = execute(url, "SELECT current_database()")
    execute(url, "CREATE SCHEMA evil")
    for function in (
        "array_position(text[], text) RETURNS int",
        "clock_timestamp() RETURNS timestamptz",
        "unnest(text[]) RETURNS SETOF text",
        "current_setting(text) RETURNS text",
    ):
        body = "LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'evil'; END $$"
        execute(url, f"CREATE FUNCTION evil.{function} {body}")
    for name, value in DEFAULTS.items():
        value = value if "," in value else f"'{value}'"
        execute(url, f"ALTER DATABASE {database} SET {name} = {value}")
    return url


def assert_posts_as_usual(url: SecretStr) -> None:
    posts = [Post(owner, Operation.CREDIT_ADD, nonce) for nonce in NONCES for owner in ("ö", "x")]
    with blocking_store(LEDGER, url) as store:
        for post in posts[:3]:
            assert isinstance(store.post([post])[0], Posted)
        assert all(isinstance(outcome, Posted) for outcome in store.post(posts[3:]))
        entries = store.entries("ö")
        assert [entry.nonce for entry in entries] == NONCES
        for outcome in store.post(posts):
            assert isinstance(outcome, Duplicate) and not outcome.reused
            assert outcome.original.created_on.utcoffset() is not None
        duplicates = store.post([post for post in posts if post.owner_id == "ö"])
        assert [each.original for each in duplicates if isinstance(each, Duplicate)] == entries
        assert store.balance("ö") == store.balance("x") == 10 * len(NONCES)
        assert store.discrepancies() == []


def test_defaults_of_the_database(strange_url: SecretStr) -> None:
    assert_posts_as_usual(strange_url)


def test_the_settings_that_a_session_makes_sure_of(strange_url: SecretStr) -> None:
    names = ("transaction_isolation", "transaction_read_only", "synchronous_commit", "timezone")
    assert shown(strange_url, *names) == ["read committed", "off", "on", "UTC"]
    [path] = shown(strange_url, "search_path")
    assert path.startswith("pg_catalog,")


@pytest.mark.parametrize("value", ["local", "remote_write", "remote_apply"])
def test_other_levels_of_synchronous_commit_stay(url: SecretStr, value: str) -> None:
    [(database,)] = execute(url, "SELECT current_database()")
    execute(url, f"ALTER DATABASE {database} SET synchronous_commit = {value}")
    assert shown(url, "synchronous_commit") == [value]


def test_a_post_waits_for_a_locked_owner_for_our_timeout(strange_url: SecretStr) -> None:
    with blocking_store(LEDGER, strange_url) as store:
        store.post([Post("ann", Operation.CREDIT_ADD, "1")])
    assert shown(strange_url, "lock_timeout", "statement_timeout") == ["1min", "1min"]
    with held(strange_url, "sample", "ann"), blocking_store(LEDGER, strange_url) as store:
        assert store.balance("ann") == 10


def test_variables_of_the_environment(url: SecretStr, monkeypatch: pytest.MonkeyPatch) -> None:
    options = " ".join(f"-c {name}={value}" for name, value in DEFAULTS.items() if " " not in value)
    monkeypatch.setenv("PGOPTIONS", options)
    monkeypatch.setenv("PGCLIENTENCODING", "latin1")
    monkeypatch.setenv("PGTZ", "Asia/Kathmandu")
    monkeypatch.setenv("PGDATESTYLE", "SQL, DMY")
    assert_posts_as_usual(url)


def test_a_migration_has_no_time_limit_but_its_own(url: SecretStr) -> None:
    [(database, version)] = execute(
        url, "SELECT current_database(), current_setting('server_version_num')::int"
    )
    assert version >= 170000, "which has transaction_timeout"
    execute(url, f"ALTER DATABASE \"{database}\" SET transaction_timeout = '60s'")
    engine = connect(url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW transaction_timeout").scalar() == "0"
    engine.dispose()


def test_an_address_in_the_environment(url: SecretStr, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOSTADDR", "192.0.2.1")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGHOST", "nowhere.invalid")
    assert_posts_as_usual(url)
    with proxied(url) as (_, over_tcp), blocking_store(LEDGER, over_tcp) as store:
        assert store.balance("ö") == 10 * len(NONCES)
        assert len(store.entries("ö")) == len(NONCES)


@pytest.mark.parametrize(
    "url, variables, expected",
    [
        ("postgresql:///db", {"PGHOST": "/given"}, '"/given/.s.PGSQL.5432"'),
        ("postgresql:///db", {"PGHOST": "/given", "PGPORT": "3"}, '"/given/.s.PGSQL.3"'),
        ("postgresql:///db?port=4", {"PGHOST": "/given", "PGPORT": "3"}, '"/given/.s.PGSQL.4"'),
        (
            "postgresql:///db",
            {"PGHOSTADDR": "255.255.255.255", "PGPORT": "3"},
            '"255.255.255.255", port 3',
        ),
        ("postgresql:///db", {"PGSERVICE": "prod", "PGHOST": "/x"}, '"/service/.s.PGSQL.2"'),
        ("postgresql://me@/db?service=prod", {"PGPORT": "3"}, '"/service/.s.PGSQL.2"'),
        (
            "postgresql://255.255.255.255/db?service=prod",
            {"PGHOST": "/x"},
            '"255.255.255.255", port 2',
        ),
        ("postgresql://%2Furl:4/db?service=prod", {"PGHOST": "/x"}, '"/url/.s.PGSQL.4"'),
    ],
)
def test_what_a_url_leaves_open_is_decided_as_by_libpq(
    url: str,
    variables: dict[str, str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    services = tmp_path / "services"
    services.write_text("[prod]\nhost=/service\nport=2\n")
    for name in ("PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**variables, "PGSERVICEFILE": f"{services}", "PGUSER": "me"}.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(psycopg2.OperationalError, match="connection to server") as by_libpq:
        psycopg2.connect(url)
    with pytest.raises(psycopg2.OperationalError) as blocking:
        execute(SecretStr(url), "SELECT 1")
    with pytest.raises(psycopg2.OperationalError) as on_event_loop:
        run(open_and_close(SecretStr(url)))
    assert str(blocking.value) == str(on_event_loop.value) == str(by_libpq.value)
    assert expected in str(by_libpq.value)


async def open_and_close(url: SecretStr) -> None:
    connection = await open_at(url)
    connection.close()


def test_a_service_file_whose_server_serves(
    url: SecretStr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = urlsplit(url.get_secret_value())
    [folder] = parse_qs(parts.query)["host"]
    services = tmp_path / "services"
    services.write_text(f"[prod]\nhost={folder}\nuser=postgres\ndbname={parts.path[1:]}\n")
    monkeypatch.setenv("PGSERVICEFILE", f"{services}")
    assert_posts_as_usual(SecretStr("postgresql://?service=prod"))


def test_a_service_without_a_definition_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSERVICEFILE", "/no/such/file")
    with pytest.raises(psycopg2.OperationalError, match="service file .* not found"):
        run(open_and_close(SecretStr("postgresql://db/ledger?service=prod")))
