"""A ledger behind PgBouncer keeps its guarantees, in session and in transaction mode."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.ledgers.outcomes import Posted
from core.ledgers.requests import Post
from core.migrations.readiness import require_ready
from core.storage.opening import shown
from core.testing.blocking_store import blocking_store
from core.testing.conformance import LedgerConformance
from core.testing.databases import Databases, execute
from core.testing.pgbouncer import PGBOUNCER, Mode, pooled
from sample.ledger import LEDGER
from sample.limited_ledger import LIMITED_LEDGER
from sample.operations import SampleOperation as Operation

pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer is not installed")


class TestThroughPooler(LedgerConformance[Operation]):
    """All that a ledger promises, its races included. The tests with a clock have no pooler."""

    ledger = LIMITED_LEDGER

    @pytest.fixture(scope="class", params=["session", "transaction"])
    @classmethod
    def database_url(
        cls,
        databases: Databases,
        request: pytest.FixtureRequest,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> Iterator[SecretStr]:
        folder = tmp_path_factory.mktemp("pooler")
        with pooled(databases.migrated(LEDGER.name), request.param, folder) as through_pooler:
            yield through_pooler


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_it_is_ready(url: SecretStr, tmp_path: Path, mode: Mode) -> None:
    with pooled(url, mode, tmp_path) as through_pooler:
        require_ready(LEDGER, through_pooler)


def test_stores_take_turns_on_one_session_of_postgresql(url: SecretStr, tmp_path: Path) -> None:
    with (
        pooled(url, "transaction", tmp_path, pool_size=1) as through_pooler,
        blocking_store(LEDGER, through_pooler) as one,
        blocking_store(LEDGER, through_pooler) as two,
    ):
        for number in range(5):
            for store, name in ((one, "one"), (two, "two")):
                [outcome] = store.post([Post("ann", Operation.CREDIT_ADD, f"{name} {number}")])
                assert isinstance(outcome, Posted)
                assert store.balance("ann") == outcome.balance
        assert one.balance("ann") == 100


def test_nothing_is_left_in_the_sessions_that_others_use_next(
    url: SecretStr, tmp_path: Path
) -> None:
    changed = "SELECT name FROM pg_settings WHERE source = 'session' AND name <> 'DateStyle'"
    with pooled(url, "transaction", tmp_path, pool_size=1) as through_pooler:
        with blocking_store(LEDGER, through_pooler) as store:
            store.post([Post("ann", Operation.CREDIT_ADD, "1")])
            store.balance("ann")
        names = {name for name, in execute(through_pooler, changed)}
    assert names.isdisjoint({"enable_seqscan", "plan_cache_mode", "search_path"})


def test_the_settings_apply_to_each_transaction(url: SecretStr, tmp_path: Path) -> None:
    [(database,)] = execute(url, "SELECT current_database()")
    execute(url, f"ALTER DATABASE {database} SET synchronous_commit = off")
    execute(url, f"ALTER DATABASE {database} SET default_transaction_isolation = serializable")
    execute(url, f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    settings = (
        "synchronous_commit",
        "transaction_isolation",
        "transaction_read_only",
        "lock_timeout",
    )
    with pooled(url, "transaction", tmp_path) as through_pooler:
        assert shown(through_pooler, *settings) == ["on", "read committed", "off", "1min"]
