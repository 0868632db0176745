"""`alembic revision --autogenerate` writes all that a ledger needs, from its first revision on."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest
from pydantic import SecretStr

from core.storage.connections import connect
from core.testing.databases import Databases, blocked_transactions, execute
from core.testing.waiting import until
from migrations.shop import Shop


@pytest.fixture(scope="module")
def created(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """An app with its first revision, of which each test gets a copy."""
    shop = Shop(tmp_path_factory.mktemp("created"), databases.empty())
    shop.set_operations("SHOP_SALE")
    shop.revision("create the ledger", up_only=True)
    return shop


@pytest.fixture
def shop(created: Shop, tmp_path: Path, databases: Databases) -> Shop:
    return created.copy(tmp_path, databases.copy(created.url))


def test_the_first_revision_creates_the_ledger(tmp_path: Path, databases: Databases) -> None:
    shop = Shop(tmp_path, databases.empty(), formatted=True)
    shop.set_operations("SHOP_SALE")
    first = shop.revision("create the ledger")
    assert "operation_changes.create_operations(" in first
    assert 'operation_changes.refuse_if_entries_exist("shop")' in first
    assert 'operation_changes.make_append_only("shop")' in first
    assert "ck_ledger_balance_no_overdraft" in first
    assert "alembic_version" not in first


def test_a_ledger_from_before_history_gets_what_it_lacks_without_blocking_posts(
    shop: Shop,
) -> None:
    execute(
        shop.url,
        "DROP INDEX shop.ix_ledger_entry_owner_id_id; DROP TABLE shop.ledger_limit_use;"
        "DROP TRIGGER append_only ON shop.ledger_entry; DROP FUNCTION shop.refuse_change()",
    )
    execute(
        shop.url,
        "INSERT INTO shop.ledger_entry (operation, amount, nonce, owner_id)"
        " VALUES ('SHOP_SALE', 1, '1', 'ann')",
    )
    added = shop.revision("add history and limits")
    upgrade = added.partition("def upgrade")[2].partition("def downgrade")[0]
    calls = [line.strip() for line in upgrade.splitlines() if line.startswith("    op")]
    assert calls == [
        "operation_changes.create_history_index('shop')",  # first, because it commits
        "op.create_table('ledger_limit_use',",
        "operation_changes.make_append_only('shop')",
    ]


def test_what_an_interrupted_build_of_the_index_leaves_is_replaced(shop: Shop) -> None:
    execute(
        shop.url,
        "DROP INDEX shop.ix_ledger_entry_owner_id_id",
    )
    shop.alembic("revision", "--autogenerate", "-m", "add the index")
    # What is left has the name of the index, and is not valid.
    execute(shop.url, "CREATE INDEX ix_ledger_entry_owner_id_id ON shop.ledger_entry (nonce)")
    shop.alembic("upgrade", "head")
    shop.alembic("check")


@pytest.fixture
def with_gifts(tmp_path: Path, databases: Databases) -> Shop:
    """An app with two operations."""
    shop = Shop(tmp_path, databases.empty())
    shop.set_operations("SHOP_SALE", "SHOP_GIFT")
    shop.revision("create the ledger", up_only=True)
    return shop


def write_replacement(shop: Shop, between: str = "pass") -> None:
    """Writes the revision that makes gifts of sales, does what is `between`, and removes sales."""
    shop.set_operations("SHOP_GIFT")
    shop.alembic("revision", "--autogenerate", "-m", "remove sales")
    [file] = shop.folder.glob("versions/*remove_sales.py")
    remove = "operation_changes.remove_operations('shop', ['SHOP_SALE'])"
    replace = "operation_changes.replace_operation('shop', 'SHOP_SALE', 'SHOP_GIFT')"
    file.write_text(file.read_text().replace(remove, f"{replace}\n    {between}\n    {remove}"))


def test_an_operation_can_be_replaced_in_a_revision_and_then_removed(with_gifts: Shop) -> None:
    shop = with_gifts
    execute(
        shop.url,
        "INSERT INTO shop.ledger_entry (operation, amount, nonce, owner_id)"
        " VALUES ('SHOP_SALE', 1, '1', 'ann'), ('SHOP_GIFT', 1, '2', 'ann');"
        "INSERT INTO shop.ledger_limit_use VALUES"
        " ('ann', 'SHOP_SALE', 'ever', 1, 1, 1), ('ann', 'SHOP_GIFT', 'ever', 1, 1, 2)",
    )
    write_replacement(shop)
    shop.alembic("upgrade", "head")
    rows = execute(shop.url, "SELECT operation::text, nonce FROM shop.ledger_entry ORDER BY id")
    assert rows == [("SHOP_GIFT", "1"), ("SHOP_GIFT", "2")]
    assert execute(shop.url, "SELECT entry_id FROM shop.ledger_limit_use") == [(2,)]
    with pytest.raises(psycopg2.Error, match="is append-only"):
        execute(shop.url, "DELETE FROM shop.ledger_entry")


def test_posts_that_wait_for_a_replacement_do_not_stop_it(with_gifts: Shop) -> None:
    shop = with_gifts
    write_replacement(shop, between="op.execute('SELECT pg_advisory_xact_lock(7)')")

    def post() -> None:  # as a service does: it reads first
        with engine.begin() as connection:
            connection.exec_driver_sql("SELECT FROM shop.ledger_entry LIMIT 1")
            connection.exec_driver_sql(
                "INSERT INTO shop.ledger_entry (operation, amount, nonce, owner_id)"
                " VALUES ('SHOP_GIFT', 1, '1', 'ann')"
            )

    engine = connect(shop.url, lock_timeout=60, statement_timeout=60)
    with ThreadPoolExecutor() as pool:
        with engine.connect() as other:
            other.exec_driver_sql("SELECT pg_advisory_lock(7)")
            upgrading = pool.submit(shop.alembic, "upgrade", "head")
            until(
                lambda: blocked_transactions(shop.url) == 1,
                "the revision is not between its two steps",
            )
            posting = pool.submit(post)
            until(lambda: blocked_transactions(shop.url) == 2, "the post does not wait")
            other.exec_driver_sql("SELECT pg_advisory_unlock(7)")
        upgrading.result()
        posting.result()
    engine.dispose()


def test_later_revisions_add_and_remove_operations(shop: Shop) -> None:
    shop.set_operations("SHOP_SALE", "SHOP_GIFT")
    added = shop.revision("add gifts")
    assert "operation_changes.add_operations('shop', ['SHOP_GIFT'])" in added
    assert "operation_changes.remove_operations('shop', ['SHOP_GIFT'])" in added
    shop.set_operations("SHOP_GIFT")
    removed = shop.revision("remove sales")
    assert "operation_changes.remove_operations('shop', ['SHOP_SALE'])" in removed
    # Only the downgrade of the first one locks the entries.
    announcement = "takes ACCESS EXCLUSIVE on ledger_entry"
    assert announcement in removed and announcement not in added


def test_special_characters_in_a_value_are_escaped(shop: Shop) -> None:
    shop.set_operations("SHOP_SALE", 'it\'s :odd % \\ "value"')
    shop.revision("add an odd one")


TEAM = """
    CREATE SCHEMA IF NOT EXISTS shop;
    CREATE TYPE shop.status AS ENUM ('OPEN', 'CLOSED');
    CREATE DOMAIN shop.number AS integer;
    CREATE TABLE shop.report (id bigserial PRIMARY KEY, status shop.status, number shop.number);
    CREATE INDEX ON shop.report (status);
    CREATE VIEW shop.open AS SELECT id FROM shop.report WHERE status = 'OPEN';
    CREATE MATERIALIZED VIEW shop.summary AS SELECT count(*) FROM shop.report;
"""

# A schema before all others, with objects that have the names of those of a ledger.
LOOKALIKE = """
    CREATE SCHEMA other;
    CREATE TYPE other.ledger_operation AS ENUM ('OTHER');
    CREATE TABLE other.ledger_entry (id integer PRIMARY KEY, operation other.ledger_operation);
    CREATE TABLE other.ledger_balance (owner_id integer REFERENCES other.ledger_entry);
    CREATE TABLE other.alembic_version_shop (version_num varchar(32));
    ALTER DATABASE {0} SET search_path = other, shop, pg_catalog;
"""


def both_revisions(folder: Path, url: SecretStr) -> list[str]:
    """Writes two revisions, and returns their texts without their identifiers."""
    shop = Shop(folder, url)
    shop.set_operations("SHOP_SALE")
    first = shop.revision("create the ledger", up_only=True)
    shop.set_operations("SHOP_GIFT")
    second = shop.revision("replace sales by gifts", up_only=True)
    return [text.partition("\n\n\n")[2] for text in (first, second)]


@pytest.fixture(scope="module")
def ordinary(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return both_revisions(tmp_path_factory.mktemp("ordinary"), databases.empty())


@pytest.mark.parametrize(
    "setup",
    [
        TEAM,
        "CREATE ROLE shop LOGIN SUPERUSER; DROP SCHEMA public",
        "ALTER DATABASE {0} SET search_path = shop, public;" + TEAM,
        "ALTER DATABASE {0} SET search_path = ''",
        LOOKALIKE,
    ],
    ids=["team's own", "role shop, no public", "shop first", "empty path", "look-alike first"],
)
def test_the_same_is_found_whatever_else_there_is(
    databases: Databases, tmp_path: Path, ordinary: list[str], setup: str
) -> None:
    url = databases.empty()
    [(database,)] = execute(url, "SELECT current_database()")
    execute(url, setup.format(database))
    if "ROLE" in setup:
        url = SecretStr(url.get_secret_value().replace("postgres@", "shop@"))
    assert both_revisions(tmp_path, url) == ordinary


def test_what_a_team_adds_to_the_schema_later_is_left_alone(shop: Shop) -> None:
    execute(
        shop.url,
        f"""
        {TEAM}
        ALTER TABLE shop.report ADD COLUMN entry bigint REFERENCES shop.ledger_entry;
        CREATE VIEW shop.gifts AS SELECT * FROM shop.ledger_entry WHERE amount > 0;
        """,
    )
    shop.alembic("check")
    shop.set_operations("SHOP_SALE", "SHOP_GIFT")
    shop.alembic("revision", "--autogenerate", "-m", "add gifts")
    [text] = [file.read_text() for file in shop.folder.glob("versions/*add_gifts.py")]
    upgrade = text.partition("def upgrade")[2].partition("def downgrade")[0]
    calls = [line.strip() for line in upgrade.splitlines()[1:] if "(" in line]
    assert calls == ["operation_changes.add_operations('shop', ['SHOP_GIFT'])"]


def test_two_revisions_with_one_message_on_one_day_are_two_files(shop: Shop) -> None:
    shop.set_operations("SHOP_SALE", "SHOP_GIFT")
    shop.revision("create the ledger", up_only=True)
    shop.alembic("revision", "-m", "create the ledger")
    assert len(list(shop.folder.glob("versions/*_create_the_ledger.py"))) == 3
