"""What the store guarantees beyond the conformance kit: constraints, and behaviour on failures."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from core.ledgers.errors import DatabaseUnavailable, ForeignOperation
from core.ledgers.ledger import Ledger
from core.ledgers.models import models_of
from core.ledgers.operations import BaseLedgerOperation, extend_enum
from core.ledgers.outcomes import Duplicate, Insufficient, Posted
from core.ledgers.requests import Post
from core.storage.connections import connect
from core.storage.store import LedgerStore
from core.testing.databases import Databases, held, throwaway_databases
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

Store = LedgerStore[Operation]


@pytest.fixture
def engine(databases: Databases) -> Iterator[Engine]:
    engine = connect(databases.migrated("sample"))
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> Store:
    return LedgerStore(LEDGER, engine)


def count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM sample.{table}")) or 0)


def test_posting_nothing_returns_no_outcomes(store: Store) -> None:
    assert store.post([]) == []


def test_outcomes_are_in_the_order_of_the_posts(store: Store) -> None:
    outcomes = store.post(
        [
            Post("zoe", Operation.CREDIT_ADD, "1"),
            Post("ann", Operation.CREDIT_SPEND, "1"),
            Post("zoe", Operation.CREDIT_ADD, "1"),
            Post("ann", Operation.DAILY_REWARD, "1"),
        ]
    )
    first, refused, repeated, last = outcomes
    assert isinstance(first, Posted) and isinstance(last, Posted)
    assert refused == Insufficient(-1, 0)
    assert isinstance(repeated, Duplicate) and repeated.original == first.entry
    assert first.entry.id < last.entry.id
    assert first.entry.created_on <= last.entry.created_on
    assert first.entry.created_on.utcoffset() is not None


def test_a_refused_post_writes_nothing(store: Store, engine: Engine) -> None:
    assert store.post([Post("ann", Operation.CREDIT_SPEND, "1")]) == [Insufficient(-1, 0)]
    assert (count(engine, "ledger_balance"), count(engine, "ledger_entry")) == (0, 0)


def test_an_operation_of_another_app_is_refused_and_nothing_is_written(
    store: Store, engine: Engine
) -> None:
    other = extend_enum(BaseLedgerOperation, "Other", {})
    posts = [
        Post("ann", Operation.DAILY_REWARD, "1"),
        Post("ann", other["DAILY_REWARD"], "2"),
    ]
    with pytest.raises(ForeignOperation):
        store.post(posts)  # type: ignore[arg-type]  # on purpose
    assert (count(engine, "ledger_balance"), count(engine, "ledger_entry")) == (0, 0)


def test_thousands_of_posts_are_posted_together_in_order(store: Store) -> None:
    posts = [Post(f"owner {n % 300}", Operation.DAILY_REWARD, f"{n}") for n in range(3000)]
    outcomes = store.post(posts)
    assert [o.entry.nonce for o in outcomes if isinstance(o, Posted)] == [p.nonce for p in posts]
    assert {store.balance(f"owner {n}") for n in range(300)} == {10}
    assert store.discrepancies() == []


@pytest.mark.parametrize(
    "statement, constraint",
    [
        ("UPDATE sample.ledger_balance SET balance = -1", "ck_ledger_balance_no_overdraft"),
        (
            "INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)"
            " VALUES ('CREDIT_ADD', 1, 'first', 'ann')",
            "uq_ledger_entry_owner_id_nonce",
        ),
        (
            "INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)"
            " VALUES ('CONTENT_ACCESS', 1, '2', 'ann')",
            "invalid input value for enum sample.ledger_operation",
        ),
        ("UPDATE sample.ledger_entry SET nonce = ''", "ck_ledger_entry_nonce_not_empty"),
        ("UPDATE sample.ledger_entry SET owner_id = '..'", "ck_ledger_entry_owner_id_readable"),
        ("UPDATE sample.ledger_balance SET owner_id = ''", "ck_ledger_balance_owner_id_readable"),
        ("UPDATE sample.ledger_entry SET owner_id = repeat('x', 256)", "too long"),
        ("UPDATE sample.ledger_entry SET amount = NULL", "not-null"),
        ("INSERT INTO sample.ledger_balance VALUES ('ann', 0)", "pk_ledger_balance"),
    ],
)
def test_the_database_enforces_the_rules_too(
    store: Store, engine: Engine, statement: str, constraint: str
) -> None:
    store.post([Post("ann", Operation.CREDIT_ADD, "first")])
    with engine.connect() as connection, pytest.raises(DBAPIError, match=constraint):
        connection.execute(text(statement))


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE sample.ledger_balance SET balance = 11",
        "DELETE FROM sample.ledger_balance",
        "DELETE FROM sample.ledger_entry",
    ],
)
def test_a_balance_that_is_not_the_sum_of_its_entries_is_a_discrepancy(
    store: Store, engine: Engine, damage: str
) -> None:
    store.post([Post("ann", Operation.CREDIT_ADD, "1")])
    assert store.discrepancies() == []
    with engine.begin() as connection:
        connection.execute(text(damage))
    assert store.discrepancies() == ["ann"]


def test_a_busy_owner_is_unavailable_and_other_owners_are_not(databases: Databases) -> None:
    url = databases.migrated("sample")
    engine = connect(url, lock_timeout=0.2)
    store = LedgerStore(LEDGER, engine)
    store.post([Post("ann", Operation.CREDIT_ADD, "1")])
    with held(url, "sample", "ann"):
        with pytest.raises(DatabaseUnavailable):
            store.post([Post("ann", Operation.CREDIT_ADD, "2")])
        assert store.balance("ann") == 10
        [outcome] = store.post([Post("bob", Operation.CREDIT_ADD, "1")])
        assert isinstance(outcome, Posted)
    [outcome] = store.post([Post("ann", Operation.CREDIT_ADD, "2")])
    assert isinstance(outcome, Posted) and outcome.balance == 20
    engine.dispose()


def test_an_exhausted_connection_pool_is_unavailable(databases: Databases) -> None:
    engine = connect(databases.migrated("sample"), pool_size=1, pool_timeout=0.1)
    with engine.connect():
        with pytest.raises(DatabaseUnavailable):
            LedgerStore(LEDGER, engine).balance("ann")
    engine.dispose()


def test_connections_override_the_transaction_defaults_of_the_database(
    databases: Databases,
) -> None:
    url = databases.migrated("sample")
    engine = connect(url)
    with engine.begin() as connection:
        name = connection.scalar(text("SELECT current_database()"))
        for setting in (
            "default_transaction_isolation = 'serializable'",
            "synchronous_commit = off",
        ):
            connection.execute(text(f'ALTER DATABASE "{name}" SET {setting}'))
    engine.dispose()
    engine = connect(url)
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW transaction_isolation")) == "read committed"
        assert connection.scalar(text("SHOW synchronous_commit")) == "on"
    engine.dispose()


def test_a_lost_connection_is_unavailable_and_no_acknowledged_post_is_lost() -> None:
    with throwaway_databases(durable=True) as databases:
        url = databases.migrated("sample")
        engine = connect(url)
        store: LedgerStore[Operation] = LedgerStore(LEDGER, engine)
        store.post([Post("ann", Operation.CREDIT_ADD, "1")])
        with engine.connect() as connection:
            pid = connection.scalar(text("SELECT pg_backend_pid()"))
        killer = connect(url)
        with killer.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        killer.dispose()
        with pytest.raises(DatabaseUnavailable):
            store.post([Post("ann", Operation.CREDIT_ADD, "2")])
        # The store has reconnected.
        [outcome] = store.post([Post("ann", Operation.CREDIT_ADD, "2")])
        assert isinstance(outcome, Posted) and outcome.balance == 20
    with pytest.raises(DatabaseUnavailable):
        store.balance("ann")
    engine.dispose()


def test_a_ledger_without_its_tables_is_unavailable(databases: Databases) -> None:
    engine = connect(databases.empty())
    ledger = Ledger(
        name="unknown", operations=Operation, amounts=dict(list(LEDGER.amounts.items())[4:])
    )
    with pytest.raises(DatabaseUnavailable):
        LedgerStore(ledger, engine).balance("ann")
    engine.dispose()


def test_two_ledgers_can_share_connections(store: Store, engine: Engine) -> None:
    amounts = dict(list(LEDGER.amounts.items())[4:])
    other = Ledger(name="other", operations=Operation, amounts=amounts)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA other"))
        models_of(other).metadata.create_all(connection)
    for balance in (10, 20):
        for each in (store, LedgerStore(other, engine)):
            [outcome] = each.post([Post("ann", Operation.CREDIT_ADD, f"{balance}")])
            assert isinstance(outcome, Posted) and outcome.balance == balance
