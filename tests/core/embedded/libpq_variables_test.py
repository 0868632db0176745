"""No PG* variable leads the embedded server or its clients elsewhere."""

import os
from pathlib import Path

import psycopg2
import pytest

from core.embedded.copied_data import copied
from core.embedded.libpq_variables import without_libpq_variables
from core.embedded.postgresql_server import postgresql
from core.embedded.throwaway_server import ThrowawayServer

VARIABLES = {
    "PGHOST": "/nowhere",
    "PGHOSTADDR": "127.0.0.1",
    "PGPORT": "1234",
    "PGDATABASE": "nothing",
    "PGUSER": "nobody",
    "PGPASSFILE": "/nowhere",
    "PGSERVICE": "nothing",
    "PGSSLMODE": "verify-full",
    "PGOPTIONS": "-c datestyle=German -c default_transaction_read_only=on",
    "PGDATESTYLE": "German",
    "PGTZ": "Asia/Tokyo",
    "PGCLIENTENCODING": "LATIN1",
    "PGDATA": "/nowhere",
    "PGTARGETSESSIONATTRS": "standby",
    "PGCONNECT_TIMEOUT": "nonsense",
}


@pytest.mark.parametrize(
    "names",
    [["PGHOSTADDR"], ["PGPORT"], ["PGOPTIONS"], list(VARIABLES)],
    ids=lambda names: names[-1],
)
def test_a_server_and_its_clients_ignore_the_variables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, initialized: Path, names: list[str]
) -> None:
    if len(names) == 1:  # initdb runs with all of them
        copied(initialized, tmp_path / "data")
    for name in names:
        monkeypatch.setenv(name, VARIABLES[name])
    with postgresql(tmp_path / "data") as url:
        database = ThrowawayServer(url).create_database()
        connection = psycopg2.connect(database.get_secret_value())
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE here ()")
            cursor.execute(
                "SELECT setting FROM pg_settings WHERE name IN"
                " ('port', 'DateStyle', 'client_encoding', 'default_transaction_read_only')"
                ' ORDER BY name COLLATE "C"'
            )
            assert cursor.fetchall() == [("ISO, MDY",), ("UTF8",), ("off",), ("5432",)]
            cursor.execute("SHOW timezone")
            assert cursor.fetchall() != [("Asia/Tokyo",)]
        connection.close()
    assert {name: os.environ[name] for name in names} == {name: VARIABLES[name] for name in names}


def test_the_variables_of_an_app_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["PG_DATABASE_URL", "PGBANK_LOCK_TIMEOUT", "PG_CONNECT_TIMEOUT", "MYPGPORT"]
    for name in names:
        monkeypatch.setenv(name, "1")
    with without_libpq_variables():
        assert [os.environ[name] for name in names] == ["1"] * 4
