"""A database that newer code has migrated is left as it is, and a rollback may expect that."""

import pytest
from pydantic import SecretStr

from core.migrations import alembic_commands
from core.testing.databases import Databases, execute
from migrations.copied_sample import HEAD, PARENT, ini_of
from migrations.in_process import run


def migrate(*arguments: str, url: SecretStr) -> tuple[int, str]:
    ini = str(ini_of("sample"))
    return run(
        lambda: alembic_commands.migrate("sample", None, *arguments, ini=ini), DATABASE_URL=url
    )


@pytest.mark.parametrize("arguments", [[], ["current"], ["downgrade", "-1"]])
def test_a_database_ahead_of_the_code_is_left_unchanged(
    databases: Databases, arguments: list[str]
) -> None:
    url = databases.migrated("sample")
    execute(url, "UPDATE sample.alembic_version_sample SET version_num = 'newer'")
    code, output = migrate(*arguments, url=url)
    assert code == 1
    assert "at revision newer, which this code does not know" in output
    assert execute(url, "SELECT version_num FROM sample.alembic_version_sample") == [("newer",)]


def test_a_rollback_accepts_a_database_ahead_of_the_code(databases: Databases) -> None:
    url = databases.empty()
    assert migrate("--or-newer", url=url)[0] == 0
    assert execute(url, "SELECT version_num FROM sample.alembic_version_sample") == [(HEAD,)]
    execute(url, "UPDATE sample.alembic_version_sample SET version_num = 'newer'")
    code, output = migrate("--or-newer", url=url)
    assert (code, output) == (
        0,
        "sample: newer code has migrated the database to newer: it stays as it is\n",
    )
    # A database that is only partly ahead is one that no release has left behind.
    execute(url, f"INSERT INTO sample.alembic_version_sample VALUES ('{PARENT}')")
    assert migrate("--or-newer", url=url)[0] == 1
