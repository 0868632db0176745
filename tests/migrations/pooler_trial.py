"""Migrations through PgBouncer: they run in session mode, and are refused in transaction mode."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from core.ledgers.errors import DatabaseNotMigrated
from core.migrations import revisions
from core.migrations.readiness import require_ready
from core.testing.databases import Databases, execute
from core.testing.pgbouncer import PGBOUNCER, pooled
from sample.ledger import LEDGER

pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer is not installed")


@pytest.fixture
def url(databases: Databases) -> SecretStr:
    return databases.empty()


def test_session_mode(url: SecretStr, tmp_path: Path) -> None:
    with pooled(url, "session", tmp_path) as through_pooler:
        revisions.upgrade("sample", through_pooler)
    require_ready(LEDGER, url)


def test_transaction_mode(url: SecretStr, tmp_path: Path) -> None:
    with pooled(url, "transaction", tmp_path) as through_pooler:
        with pytest.raises(DatabaseNotMigrated, match="a pooler in transaction mode"):
            revisions.upgrade("sample", through_pooler)
    assert execute(url, "SELECT FROM pg_namespace WHERE nspname = 'sample'") == []
