"""Verification reads one moment, finds nothing in a correct ledger, and lets posts go on."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from threading import Event, Timer

import pytest
from pydantic import SecretStr

from core.ledgers.errors import DatabaseUnavailable
from core.ledgers.ledger import Ledger, once, once_per
from core.ledgers.outcomes import Posted
from core.ledgers.requests import Post
from core.storage.connections import connect
from core.storage.damaged_books import (
    LEDGER,
    Store,
    change,
    found,
    store_with_entries,
)
from core.storage.limited_store import REWARD, limited
from core.storage.verification import MOST_FINDINGS, Verification, verify
from core.testing import racers, races
from core.testing.databases import blocked_transactions, execute
from core.testing.unreliable_proxy import proxied
from core.testing.waiting import until
from sample.operations import SampleOperation as Operation


@pytest.fixture
def store(url: SecretStr) -> Iterator[Store]:
    with store_with_entries(url) as store:
        yield store


def test_what_releases_may_have_done_is_not_a_finding(store: Store, url: SecretStr) -> None:
    execute(url, "ALTER TYPE sample.ledger_operation ADD VALUE 'GIFT'")
    execute(
        url,
        """
        ALTER TABLE sample.ledger_entry ALTER created_on SET DEFAULT '2099-01-01';
        INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id) VALUES
          ('GIFT', 500, 'a', 'cid'),
          ('CREDIT_SPEND', -7, 'b', 'cid'),
          ('BOOKING_REWARD', -9, 'c', 'cid'),
          ('BOOKING_REWARD', -200, 'd', 'cid'),
          ('SIGNUP_CREDIT', 3, 'e', 'cid'),
          ('SIGNUP_CREDIT', 3, 'f', 'cid');
        INSERT INTO sample.ledger_balance VALUES ('cid', 290), ('dee', 0);
        """,
    )
    verification = verify(LEDGER, url)
    assert found(verification) == []
    assert (verification.owners, verification.entries) == (4, 10)
    assert [
        (count.operation, count.amount, count.entries, count.remark)
        for count in verification.amounts
    ] == [
        ("DAILY_REWARD", "1", 1, ""),
        ("SIGNUP_CREDIT", "3", 3, ""),
        ("CREDIT_SPEND", "-7", 1, "not today's amount"),
        ("CREDIT_ADD", "10", 1, ""),
        ("BOOKING_REWARD", "-2 per unit", 1, ""),
        ("BOOKING_REWARD", "-2 per unit", 1, "more than 10 units"),
        ("BOOKING_REWARD", "-3 per unit", 1, "a former amount"),
        ("GIFT", "500", 1, "an operation that this release does not have"),
    ]
    assert [
        (count.operation, count.counted, count.not_counted) for count in verification.limits
    ] == [("DAILY_REWARD", 1, 0), ("SIGNUP_CREDIT", 1, 2)]


@pytest.mark.parametrize("per", ["hour", "day", "week", "month", None])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
def test_periods_have_the_names_that_uses_have(url: SecretStr, per: str | None, zone: str) -> None:
    limit = once_per(per, timezone=zone) if per else once()  # type: ignore[arg-type]
    moments = ("2026-01-01T00:10+0000", "2026-03-29T00:55+0000", "2026-12-31T23:59+0000")
    with limited(url, {REWARD: limit}, unrecorded=len(moments)) as (store, set_clock):
        for moment in moments:
            set_clock(datetime.strptime(moment, "%Y-%m-%dT%H:%M%z"))
            assert isinstance(store.post([Post(moment, REWARD, "reward")])[0], Posted)
        assert store.discrepancies() == []
        execute(
            url,
            "INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id, created_on)"
            " SELECT operation, amount, 'by hand', owner_id, created_on FROM sample.ledger_entry;"
            "UPDATE sample.ledger_balance SET balance = 2 * balance",
        )


def test_only_the_first_findings_are_kept(url: SecretStr) -> None:
    execute(
        url,
        "INSERT INTO sample.ledger_balance"
        f" SELECT to_char(n, '0000'), 1 FROM generate_series(1, {MOST_FINDINGS + 50}) AS n",
    )
    verification = verify(LEDGER, url)
    assert [finding.owner_id.strip() for finding in verification.findings] == [
        f"{n:04}" for n in range(1, MOST_FINDINGS + 1)
    ]
    assert verification.further_findings == 50


def test_only_the_chosen_owner_is_checked(store: Store, url: SecretStr) -> None:
    execute(url, "UPDATE sample.ledger_balance SET balance = 99 WHERE owner_id = 'ann'")
    assert found(verify(LEDGER, url, owner_id="bob")) == []
    of_ann = verify(LEDGER, url, owner_id="ann")
    assert (of_ann.owners, of_ann.entries, len(of_ann.findings)) == (1, 3, 1)
    nobody = verify(LEDGER, url, owner_id="nobody")
    assert (nobody.owners, nobody.entries, nobody.findings) == (0, 0, [])


def test_owners_with_an_entry_since_then_are_checked_completely(
    store: Store, url: SecretStr
) -> None:
    since = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    change(
        url,
        """
        UPDATE sample.ledger_entry SET created_on = '2025-12-31T22:59:59.999999Z'
        WHERE nonce <> 'reward';
        UPDATE sample.ledger_entry SET created_on = '2025-12-31T23:00Z' WHERE nonce = 'reward';
        UPDATE sample.ledger_balance SET balance = 99 WHERE owner_id = 'bob'
        """,
    )
    recent = verify(LEDGER, url, since=since)
    assert (recent.owners, recent.entries, recent.findings) == (1, 3, [])
    assert verify(LEDGER, url, since=since + timedelta(microseconds=1)).owners == 0
    assert verify(LEDGER, url, since=since - timedelta(microseconds=1)).owners == 2
    assert verify(LEDGER, url, since=since, owner_id="bob").owners == 0


def test_posts_in_the_meantime_neither_wait_nor_are_seen(store: Store, url: SecretStr) -> None:
    outcomes: list[object] = []

    def post(entries: int, _: object) -> None:
        assert entries == 4
        for posts in (
            [Post("ann", Operation.CREDIT_ADD, "later")],
            [Post("ann", Operation.DAILY_REWARD, "again"), Post("bob", Operation.CREDIT_ADD, "1")],
            [Post("new", Operation.SIGNUP_CREDIT, "1")],
        ):
            outcomes.extend(type(outcome).__name__ for outcome in store.post(posts))

    during = verify(LEDGER, url, on_progress=post)
    assert outcomes == ["Posted", "LimitReached", "Posted", "Posted"]
    assert (during.owners, during.entries, found(during)) == (2, 4, [])
    after = verify(LEDGER, url)
    assert (after.owners, after.entries, found(after)) == (3, 7, [])


def test_a_ledger_is_right_at_every_moment_of_a_race(url: SecretStr) -> None:
    ledger = Ledger(name="sample", operations=Operation, amounts={Operation.BOOKING_REWARD: -2})
    race = races.mixed_owners(ledger)
    verifications: list[Verification] = []
    with ThreadPoolExecutor(1) as pool:
        racing = pool.submit(racers.run, ledger, url, race, racers.this_process, threads=8)
        while not racing.done():
            verifications.append(verify(ledger, url))
        assert racing.result() == []
    assert [found(each) for each in verifications if each.findings] == []
    counts = [each.entries for each in verifications]
    assert counts == sorted(counts)


def test_a_migration_that_rewrites_the_entries_does_not_hide_them(
    store: Store, url: SecretStr
) -> None:
    engine = connect(url, statement_timeout=120)
    with ThreadPoolExecutor(1) as pool, engine.connect() as migration:
        migration.exec_driver_sql("ALTER TABLE sample.ledger_entry ALTER amount TYPE bigint")
        verifying = pool.submit(verify, LEDGER, url)
        until(lambda: blocked_transactions(url), "the verification does not wait")
        migration.commit()
        verification = verifying.result()
    engine.dispose()
    assert (verification.entries, found(verification)) == (4, [])


def test_a_table_that_stays_locked_is_reported(
    store: Store, url: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.storage.snapshot.LOCK_TIMEOUT", "100ms")
    engine = connect(url, statement_timeout=120)
    with engine.connect() as migration:
        migration.exec_driver_sql("LOCK TABLE sample.ledger_entry")
        with pytest.raises(DatabaseUnavailable, match="such as a migration"):
            verify(LEDGER, url)
    engine.dispose()


def test_a_signal_ends_it_even_if_the_database_never_answers(url: SecretStr) -> None:
    execute(url, "INSERT INTO sample.ledger_balance VALUES ('ann', 1)")
    execute(
        url,
        "INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)"
        " VALUES ('DAILY_REWARD', 1, '1', 'ann')",
    )

    class Signalled(Exception):
        pass

    def raise_signalled(_: int, __: object) -> None:
        raise Signalled

    def freeze(_: int, __: object) -> None:
        proxy.frozen = True
        signal.setitimer(signal.ITIMER_REAL, 0.5)

    before = signal.signal(signal.SIGALRM, raise_signalled)
    with proxied(url) as (proxy, through_proxy):
        rescued = Event()

        def end() -> None:  # or else a failure would take for ever
            rescued.set()
            proxy.drop_all()

        rescue = Timer(30, end)
        rescue.start()
        try:
            with pytest.raises(Signalled):
                verify(LEDGER, through_proxy, on_progress=freeze)
            assert not rescued.is_set()
        finally:
            rescue.cancel()
            signal.signal(signal.SIGALRM, before)
