"""The SQL that `--sql` prints has the same effect as the online run."""

import io
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from alembic import command, config
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from core.embedded.programs import binary
from core.migration_check.app_migrations import Migrations
from core.migration_check.definition import definition_of
from core.storage.connections import connect
from core.testing.databases import Databases, execute
from migrations.copied_sample import copied_sample
from sample.ledger import LEDGER

REVISION = """
import json
from pathlib import Path
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from core.migrations import operation_changes

revision = "odd"
down_revision = None

def upgrade():
    created, added, removed = json.loads(Path(__file__).with_name("values.json").read_text())
    operation_changes.create_operations("sample", [*created, *removed])
    enum = postgresql.ENUM(name="ledger_operation", schema="sample", create_type=False)
    op.create_table(
        "ledger_entry",
        sa.Column("operation", enum),
        sa.Column("note", sa.Text(), server_default="".join(created)),
        sa.CheckConstraint("note NOT LIKE '%:x%%'", name="note"),
        schema="sample",
    )
    operation_changes.add_operations("sample", added)
    operation_changes.remove_operations("sample", removed)
"""

NASTY = ["'", '"', "\\", ":", "%", "$", "%(x)s", ":x", "{x}", "$migration$", "$$", ";", "--", "é"]


def is_valid(value: str) -> bool:
    """Whether an app can declare an operation of this value."""
    return value.isprintable() and 0 < len(value.encode()) <= 63


VALUES = st.lists(
    st.lists(st.sampled_from(NASTY) | st.characters(exclude_categories=["C"]), max_size=20)
    .map("".join)
    .filter(is_valid),
    min_size=3,
    max_size=30,
    unique=True,
)


@pytest.fixture
def odd(databases: Databases, tmp_path: Path) -> Iterator[Migrations]:
    """The sample's migrations, replaced by one revision with operations of any value."""
    ini = copied_sample(tmp_path)
    for revision in ini.parent.glob("versions/*.py"):
        revision.unlink()
    (ini.parent / "versions/odd.py").write_text(REVISION)
    yield Migrations(LEDGER, databases.server, str(ini))


def definition(url: SecretStr) -> set[str]:
    engine = connect(url)
    with engine.connect() as connection:
        found = definition_of(connection, "sample")
    engine.dispose()
    return found


def psql(url: SecretStr, script: bytes) -> None:
    done = subprocess.run(
        [binary("psql"), "--no-psqlrc", "-v", "ON_ERROR_STOP=1", url.get_secret_value()],
        env={**os.environ, "PGCLIENTENCODING": "LATIN1"},
        input=script,
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("strings", ["on", "off"])
def test_the_printed_sql_is_the_online_run_for_every_value(odd: Migrations, strings: str) -> None:
    online, offline = odd.empty_database(), odd.empty_database()
    for url in (online, offline):
        [(name,)] = execute(url, "SELECT current_database()")
        execute(url, f"ALTER DATABASE {name} SET standard_conforming_strings = {strings}")

    @given(VALUES)
    @example(NASTY)
    @example(["\\", *NASTY[:2]])  # the backslash in the default of a column, too
    @settings(max_examples=2, deadline=None)
    def has_the_same_effect(values: list[str]) -> None:
        assert odd.ini is not None
        shares = [["KEPT", *values[0::3]], values[1::3], values[2::3]]
        Path(odd.ini).with_name("versions").joinpath("values.json").write_text(json.dumps(shares))
        for url in (online, offline):
            execute(url, "DROP SCHEMA IF EXISTS sample CASCADE")  # that of the previous values
        odd.alembic(command.upgrade, online, "head")
        psql(offline, odd.alembic(command.upgrade, offline, "head", sql=True).encode())
        assert definition(offline) == definition(online)
        labels = execute(online, "SELECT enumlabel FROM pg_enum")
        assert {label for (label,) in labels} == {*shares[0], *shares[1]}

    has_the_same_effect()


def test_the_printed_sql_is_utf_8_in_any_locale(odd: Migrations, databases: Databases) -> None:
    assert odd.ini is not None
    values = Path(odd.ini).with_name("versions").joinpath("values.json")
    values.write_text(json.dumps([["é", "€"], ["ü"], ["ö"]]))
    written = io.BytesIO()
    with redirect_stdout(io.TextIOWrapper(written, "latin-1")) as output:
        config.main(["-c", odd.ini, "upgrade", "head", "--sql"])
        output.flush()
    url = databases.empty()
    psql(url, written.getvalue())
    assert set(execute(url, "SELECT enumlabel FROM pg_enum")) == {("é",), ("€",), ("ü",)}


def test_the_printed_sql_needs_no_more_rights_than_the_online_run(databases: Databases) -> None:
    """A role that cannot create schemas can still migrate an existing one."""
    url = databases.empty()
    execute(url, "CREATE ROLE deployer LOGIN; CREATE SCHEMA sample AUTHORIZATION deployer")
    sample = Migrations(LEDGER, databases.server)
    script = sample.alembic(command.upgrade, url, "head", sql=True)
    as_deployer = SecretStr(url.get_secret_value().replace("postgres@", "deployer@"))
    psql(as_deployer, script.encode())
    command.check(sample.config(as_deployer))
