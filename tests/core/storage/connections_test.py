"""Which database URLs are accepted, and what becomes of them."""

import os
import socket
import traceback
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import psycopg2
import pytest
from pydantic import SecretStr

from core.ledgers.errors import ConfigurationError
from core.storage.connections import connect, libpq_parameters
from core.storage.opening import shown
from core.testing.blocking_store import blocking_store
from core.testing.databases import execute
from core.testing.unreliable_proxy import proxied
from sample.ledger import LEDGER


def parsed(url: str) -> dict[str, object]:
    return libpq_parameters(SecretStr(url), statement_timeout=1)


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+x"]
)
def test_every_postgresql_scheme_is_a_libpq_url(scheme: str) -> None:
    assert parsed(f"{scheme}://me@somewhere/db").items() >= {
        ("user", "me"),
        ("host", "somewhere"),
        ("dbname", "db"),
    }


@pytest.mark.parametrize(
    "url, expected",
    [
        ("postgresql://h1:1,h2:2/db", {"host": "h1,h2", "port": "1,2"}),
        ("postgresql://[::1]:5433/db", {"host": "::1", "port": "5433"}),
        ("postgresql://%2Ftmp%2Fa%20b/db", {"host": "/tmp/a b", "dbname": "db"}),
        ("postgresql:///db?host=/tmp/a%25b", {"host": "/tmp/a%b"}),
        ("postgresql://a%40b:c%2Fd%25@h/d%C3%BC", {"user": "a@b", "password": "c/d%"}),
        ("postgresql://h/db?sslmode=require\n", {"sslmode": "require"}),
        ("postgresql://h/db?target_session_attrs=any", {"target_session_attrs": "any"}),
        ("postgresql://h/db?keepalives_idle=5", {"keepalives_idle": "5"}),
        ("postgresql://h/db", {"port": "5432", "target_session_attrs": "primary"}),
    ],
)
def test_all_parts_of_a_url_are_used(url: str, expected: dict[str, str]) -> None:
    assert parsed(url).items() >= expected.items()


@pytest.mark.parametrize("url", ["", "sqlite://", "mysql://x/y", "somewhere", "postgresqlite://"])
def test_a_url_of_another_database_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="must begin with postgresql://"):
        connect(SecretStr(url))


@pytest.mark.parametrize(
    "url, message",
    [
        ("postgresql+asyncpg://h/db?ssl=require", "has the parameter 'ssl', which libpq"),
        ("postgresql://h/db?target_session_attrs=standby", "needs a server that accepts writes"),
        ("postgresql://h/db?target_session_attrs=prefer-standby", "accepts writes"),
    ],
)
def test_what_cannot_be_supported_is_refused_by_name(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parsed(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cr@t@host/db",
        "postgresql://me:s3/cr3t@host/db",
        "postgresql://me:s3%cr3t@host/db",
        "postgresql://me:s3cr3t@host:s3cr3t/db",
        "postgresql://me@host/db?password=s3cr3t&password",
        "postgresql://me:s3cr3t@[host/db",
        "postgresql://me@h1,me:s3cr3t@h2/db",
    ],
)
def test_the_message_about_a_malformed_url_shows_nothing_of_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match="percent-encoded") as caught:
        parsed(url)
    printed = "".join(traceback.format_exception(caught.value))
    assert all(part not in printed for part in ("s3", "cr3t", "cr@t"))


def test_options_in_the_url_apply_and_ours_come_last(url: SecretStr) -> None:
    options = quote("-c geqo_threshold=7 -c timezone=Asia/Tokyo -c synchronous_commit=off")
    with_options = SecretStr(f"{url.get_secret_value()}&options={options}")
    assert shown(with_options, "geqo_threshold", "timezone", "synchronous_commit") == [
        "7",
        "UTC",
        "on",
    ]
    assert execute(with_options, "SHOW geqo_threshold") == [("7",)]
    assert execute(with_options, "SHOW timezone") == [("UTC",)]


def test_a_percent_encoded_folder_and_a_trailing_newline(url: SecretStr, tmp_path: Path) -> None:
    parts = urlsplit(url.get_secret_value())
    [folder] = parse_qs(parts.query)["host"]
    link = tmp_path / "a b%20+c"
    link.symlink_to(folder)
    encoded = quote(str(link), safe="")
    other = SecretStr(f"postgresql://postgres@{encoded}{parts.path}\n")
    with blocking_store(LEDGER, other) as store:
        assert store.balance("ann") == 0
        assert store.entries("ann") == []


def test_a_dead_host_is_noticed(url: SecretStr) -> None:
    with proxied(url) as (_, over_tcp):
        connection = psycopg2.connect("", **libpq_parameters(over_tcp, statement_timeout=7))
        with socket.socket(fileno=os.dup(connection.fileno())) as client:
            assert client.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
            assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 7000
        connection.close()
