"""A service runs with its embedded database wherever it is started."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.embedded.copied_data import copied
from core.embedded.postgresql_server import postgresql
from core.embedded.programs import binary
from core.service.sample_requests import post
from core.testing.databases import Databases, execute
from core.testing.service_process import service
from core.testing.unreliable_proxy import proxied


def test_entries_land_in_the_embedded_database_and_in_no_other(
    databases: Databases, data_dir: str
) -> None:
    with proxied(databases.migrated("sample")) as (proxy, other):
        variables = {"PGHOSTADDR": "127.0.0.1", "PGPORT": str(proxy.port), "PGSSLMODE": "disable"}
        with service("sample.service", DATA_DIR=data_dir, **variables) as running:
            assert post(running.client, "ann", "1").status_code == 201
            assert running.stop() == 0
        count = "SELECT count(*) FROM sample.ledger_entry"
        with postgresql(Path(data_dir, "sample/postgresql")) as url:
            assert execute(url, count) == [(1,)]
        assert execute(other, count) == [(0,)]


def test_the_greeting_has_a_url_that_other_programs_can_use(
    databases: Databases, data_dir: str
) -> None:
    with service("sample.service", DATA_DIR=data_dir) as running:
        [shown] = re.findall(r"^  database +(\S+)$", running.greeting, re.MULTILINE)
        url = SecretStr(shown)
        with service("sample.service", DATABASE_URL=url) as other:
            assert post(other.client, "ann", "1").status_code == 201
        assert running.client.get("/ledger/ann").json()["balance"] == 1
        query = [binary("psql"), shown, "-Atc", "SELECT amount FROM sample.ledger_entry"]
        assert subprocess.run(query, stdout=subprocess.PIPE, text=True).stdout == "1\n"
    with service("sample.service", DATABASE_URL=databases.migrated("sample")) as given:
        assert "postgresql://" not in given.greeting


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path leaves place for that of a socket."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="t") as folder:
        yield Path(folder)


def test_the_paths_may_contain_any_characters(short: Path) -> None:
    temporary = short / "+%&= '\""
    temporary.mkdir()
    data = short / "[ü]#?@:* $HOME `ls` \\ ; a,b %2F + 50%"
    with service("sample.service", DATA_DIR=str(data), TMPDIR=str(temporary)) as running:
        assert str(data) in running.greeting
        assert list(temporary.glob("ledger-*/.s.PGSQL.5432"))
        assert post(running.client, "ann", "1").status_code == 201
        assert running.stop() == 0


def test_the_temporary_folder_may_have_a_long_path(short: Path, initialized: Path) -> None:
    (short / "sample").mkdir()
    copied(initialized, short / "sample/postgresql")
    temporary = short / ("long" * 50)
    temporary.mkdir()
    with service("sample.service", DATA_DIR=str(short), TMPDIR=str(temporary)) as running:
        assert post(running.client, "ann", "1").status_code == 201
        assert running.stop() == 0
