"""A migration on a server that does not answer ends in bounded time, and by a signal at once."""

import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.testing.databases import Databases, execute
from core.testing.process_environment import environment
from core.testing.unreliable_proxy import UnreliableProxy, proxied
from core.testing.waiting import until
from migrations.copied_sample import copied_sample

SLOW = """
from alembic import op
revision = "slow"
down_revision = "0000000000a2"
def upgrade():
    op.execute("CREATE TABLE sample.half (id integer)")
    op.execute("SELECT pg_sleep(600)")
"""

COPIES = """
import io
from alembic import op
revision = "copies"
down_revision = "0000000000a2"
def upgrade():
    op.execute("CREATE TABLE sample.copied (id integer)")
    with op.get_bind().connection.cursor() as cursor:
        cursor.copy_expert("COPY sample.copied FROM STDIN", io.StringIO("7\\n"))
"""

_SECONDS = 60  # far less than the statement takes


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """The alembic.ini of migrations that end with a slow revision."""
    ini = copied_sample(tmp_path)
    (ini.parent / "versions/slow.py").write_text(SLOW)
    return ini


@pytest.fixture
def proxy(databases: Databases) -> Iterator[tuple[UnreliableProxy, SecretStr, SecretStr]]:
    """A proxy before a database, the URL that goes through it, and the one that does not."""
    url = databases.migrated("sample")
    with proxied(url) as (proxy, through):
        yield proxy, through, url


@contextmanager
def migrating(
    url: SecretStr, ini: Path, program: str, **settings: str
) -> Generator["subprocess.Popen[str]", None, None]:
    """Runs a program that migrates until the end of the block."""
    modules = {
        "pants": ["core.migrations.alembic_commands", "sample", str(ini)],
        "app": ["sample.service", "migrate"],
    }
    path = [str(ini.parent.parent), *sys.path]
    process = subprocess.Popen(
        [sys.executable, "-m", *modules[program]],
        env=environment(DATABASE_URL=url, PYTHONPATH=":".join(path), **settings),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def is_sleeping(url: SecretStr) -> bool:
    sleeping = "datname = current_database() AND query = 'SELECT pg_sleep(600)'"
    return bool(execute(url, f"SELECT FROM pg_stat_activity WHERE {sleeping}"))


def test_a_server_that_stops_answering_ends_the_migration(
    proxy: tuple[UnreliableProxy, SecretStr, SecretStr], slow: Path
) -> None:
    frozen, through, url = proxy
    with migrating(through, slow, "app", MIGRATION_STATEMENT_TIMEOUT="1") as process:
        until(lambda: is_sleeping(url), "the revision does not run")
        frozen.frozen = True
        _, output = process.communicate(timeout=_SECONDS)
    assert process.returncode == 1
    assert "sample: The database stopped answering: no answer for 6 s. Run the command" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    "program, number, frozen",
    [
        ("app", signal.SIGTERM, True),
        ("app", signal.SIGINT, False),
        ("pants", signal.SIGTERM, False),
        ("pants", signal.SIGINT, True),
    ],
)
def test_a_signal_ends_the_migration_and_its_statement(
    proxy: tuple[UnreliableProxy, SecretStr, SecretStr],
    slow: Path,
    program: str,
    number: signal.Signals,
    frozen: bool,
) -> None:
    server, through, url = proxy
    with migrating(through, slow, program) as process:
        until(lambda: is_sleeping(url), "the revision does not run")
        server.frozen = frozen
        process.send_signal(number)
        _, output = process.communicate(timeout=_SECONDS)
    assert process.returncode
    assert "Traceback" not in output
    server.close()
    until(lambda: not is_sleeping(url), "the statement goes on")
    assert execute(url, "SELECT to_regclass('sample.half')") == [(None,)]


def test_a_revision_can_still_copy(databases: Databases, tmp_path: Path) -> None:
    """psycopg2 refuses COPY while it waits in Python."""
    ini = copied_sample(tmp_path)
    (ini.parent / "versions/copies.py").write_text(COPIES)
    url = databases.migrated("sample")
    with migrating(url, ini, "pants") as process:
        _, output = process.communicate(timeout=_SECONDS)
    assert (process.returncode, execute(url, "SELECT id FROM sample.copied")) == (0, [(7,)]), output
