"""What the store guarantees beyond the conformance tests: constraints, and what failures do."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from core.ledgers.errors import DatabaseUnavailable, ForeignOperation
from core.ledgers.ledger import Ledger
from core.ledgers.models import models_of
from core.ledgers.operations import BaseLedgerOperation, extend_enum
from core.ledgers.outcomes import Duplicate, Insufficient, Posted
from core.ledgers.requests import Post
from core.testing.blocking_store import BlockingStore, blocking_store
from core.testing.databases import Databases, changeable_entries
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

Store = BlockingStore[Operation]


@pytest.fixture
def store(url: SecretStr) -> Iterator[Store]:
    with blocking_store(LEDGER, url) as store:
        yield store


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
    store: Store, engine: Engine, url: SecretStr, statement: str, constraint: str
) -> None:
    store.post([Post("ann", Operation.CREDIT_ADD, "first")])
    with (
        changeable_entries(url, "sample"),
        engine.connect() as connection,
        pytest.raises(DBAPIError, match=constraint),
    ):
        connection.execute(text(statement))


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_limit_use"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sample.{} SET owner_id = 'bob'",
        "DELETE FROM sample.{}",
        "DELETE FROM sample.{} WHERE false",
        "TRUNCATE sample.{} CASCADE",
        "MERGE INTO sample.{0} USING (SELECT 1) ON false WHEN MATCHED THEN DELETE",
        "WITH gone AS (DELETE FROM sample.{} RETURNING 1) SELECT * FROM gone",
    ],
)
def test_nobody_can_change_or_delete_an_entry(
    store: Store, engine: Engine, table: str, statement: str
) -> None:
    store.post([Post("ann", Operation.CREDIT_ADD, "1")])
    with engine.connect() as connection, pytest.raises(DBAPIError, match="is append-only"):
        connection.execute(text(statement.format(table)))
    assert len(store.entries("ann")) == 1


def test_a_ledger_without_its_tables_is_unavailable(databases: Databases) -> None:
    ledger = Ledger(
        name="unknown", operations=Operation, amounts=dict(list(LEDGER.amounts.items())[4:])
    )
    with blocking_store(ledger, databases.empty()) as store:
        with pytest.raises(DatabaseUnavailable):
            store.balance("ann")


@pytest.mark.parametrize("name", ["other", "order", "user"])
def test_two_ledgers_can_share_a_database(
    store: Store, url: SecretStr, engine: Engine, name: str
) -> None:
    amounts = dict(list(LEDGER.amounts.items())[4:])
    ledger = Ledger(name=name, operations=Operation, amounts=amounts)
    with engine.begin() as connection:
        connection.execute(text(f'CREATE SCHEMA "{name}"'))
        models_of(ledger).metadata.create_all(connection)
    with blocking_store(ledger, url) as other:
        for balance in (10, 20):
            for each in (store, other):
                [outcome] = each.post([Post("ann", Operation.CREDIT_ADD, f"{balance}")])
                assert isinstance(outcome, Posted) and outcome.balance == balance
