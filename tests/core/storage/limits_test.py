"""Limits hold whatever the ledger's past, and in batches and groups."""

from datetime import datetime, timedelta, timezone

import psycopg2
import pytest
from pydantic import SecretStr

from core.ledgers.ledger import at_most, once, once_per
from core.ledgers.limits import Usage
from core.ledgers.outcomes import (
    BatchPosted,
    BatchRefused,
    Duplicate,
    Insufficient,
    LimitReached,
    Posted,
)
from core.ledgers.requests import Batch, Post
from core.storage.limited_store import NOON, REWARD, SPEND, limited, post
from core.testing.databases import changeable_entries, execute
from sample.operations import SampleOperation as Operation


def test_once_is_once_for_ever_and_for_each_owner(url: SecretStr) -> None:
    with limited(url, {REWARD: once()}) as (store, set_clock):
        posted = post(store, "1")
        assert isinstance(posted, Posted)
        set_clock(NOON + timedelta(days=10_000))
        assert post(store, "2") == LimitReached(REWARD, 1, None, posted.entry)
        [other] = store.post([Post("bob", REWARD, "1")])
        assert isinstance(other, Posted)


def test_a_limit_that_is_declared_later_counts_the_entries_that_exist(url: SecretStr) -> None:
    with limited(url, {}) as (store, _):
        for nonce in ("1", "2"):
            latest = post(store, nonce)
    today = execute(url, "SELECT date_trunc('day', now(), 'UTC')")[0][0]
    assert isinstance(latest, Posted)
    with limited(url, {REWARD: at_most(3, per="day")}) as (store, set_clock):
        set_clock(today + timedelta(hours=23, minutes=59))
        third = post(store, "3")
        assert isinstance(third, Posted)
        assert post(store, "4") == LimitReached(REWARD, 3, today + timedelta(days=1), third.entry)
    with limited(url, {REWARD: once()}) as (store, _):
        assert post(store, "4") == LimitReached(REWARD, 1, None, third.entry)
    numbers = execute(url, "SELECT number, allowed, entry_id FROM sample.ledger_limit_use")
    assert numbers == [(3, 3, third.entry.id)]


def test_what_an_older_release_posts_without_the_limit_counts_too(url: SecretStr) -> None:
    limit = {SPEND: at_most(3)}
    with limited(url, limit, unrecorded=1) as (new, _), limited(url, {}) as (old, _):
        assert isinstance(post(old, "fund", Operation.CREDIT_ADD), Posted)
        for store, nonce in ((new, "1"), (old, "2"), (new, "3")):
            assert isinstance(post(store, nonce, SPEND), Posted)
        assert isinstance(post(new, "4", SPEND), LimitReached)
        assert isinstance(post(old, "4", SPEND), Posted)  # which it cannot know of
        assert post(new, "4", SPEND) == Duplicate(
            old.entries("ann")[-1], Post("ann", SPEND, "4"), reused=False
        )


def test_a_duplicate_comes_before_a_limit_and_a_limit_before_an_overdraft(url: SecretStr) -> None:
    with limited(url, {SPEND: once(), REWARD: once()}) as (store, _):
        assert post(store, "spend", SPEND) == Insufficient(-1, 0)
        reward = post(store, "reward")
        spent = post(store, "spend", SPEND)
        assert isinstance(reward, Posted) and isinstance(spent, Posted)
        assert post(store, "spend", SPEND) == Duplicate(
            spent.entry, Post("ann", SPEND, "spend"), reused=False
        )
        assert post(store, "reward", SPEND) == Duplicate(
            reward.entry, Post("ann", SPEND, "reward"), reused=True
        )
        assert post(store, "again", SPEND) == LimitReached(SPEND, 1, None, spent.entry)


def test_an_atomic_batch_counts_its_own_entries(url: SecretStr) -> None:
    with limited(url, {REWARD: at_most(3, per="day")}) as (store, _):
        tomorrow = datetime(2026, 11, 26, tzinfo=timezone.utc)

        def batch(*nonces: str) -> Batch[Operation]:
            return Batch(tuple(Post("ann", REWARD, nonce) for nonce in nonces))

        too_many, fits, one_more = batch("1", "2", "3", "4"), batch("1", "2"), batch("3", "4")
        outcomes = store.post_batches([too_many, fits, one_more, batch("3")])
        assert outcomes[0] == BatchRefused(3, LimitReached(REWARD, 3, tomorrow, None))
        assert isinstance(outcomes[1], BatchPosted)
        second = outcomes[1].posted[1].entry
        assert outcomes[2] == BatchRefused(1, LimitReached(REWARD, 3, tomorrow, second))
        assert isinstance(outcomes[3], BatchPosted)
        assert store.balance("ann") == 3


def test_a_group_posts_unlimited_operations_beside_limited_ones(url: SecretStr) -> None:
    with limited(url, {REWARD: once_per("day")}) as (store, _):
        posts = [
            Post(owner, operation, f"{operation} {number}")
            for number in range(3)
            for owner in ("ann", "bob", "cat")
            for operation in (Operation.CREDIT_ADD, REWARD)
            if owner != "cat" or operation is not REWARD
        ]
        outcomes = store.post(posts)
        for owner, balance in (("ann", 31), ("bob", 31), ("cat", 30)):
            assert store.balance(owner) == balance
        refused = [p for p, outcome in zip(posts, outcomes) if isinstance(outcome, LimitReached)]
        assert sorted(p.owner_id for p in refused) == ["ann", "ann", "bob", "bob"]
        assert all(p.operation is REWARD for p in refused)


def test_the_usage_of_each_limited_operation_can_be_read(url: SecretStr) -> None:
    limits = {REWARD: at_most(2, per="day"), Operation.SIGNUP_CREDIT: once()}
    tomorrow = datetime(2026, 11, 26, tzinfo=timezone.utc)
    with limited(url, limits) as (store, set_clock):
        unused = {
            REWARD: Usage(0, "2026-11-25", tomorrow, None),
            Operation.SIGNUP_CREDIT: Usage(0, "ever", None, None),
        }
        assert store.usages("ann") == unused
        post(store, "1")
        post(store, "2", Operation.SIGNUP_CREDIT)
        assert store.usages("bob") == unused
        assert store.usages("ann") == {
            REWARD: Usage(1, "2026-11-25", tomorrow, ("ann", "1")),
            Operation.SIGNUP_CREDIT: Usage(1, "ever", None, ("ann", "2")),
        }
        set_clock(tomorrow)
        day_after = tomorrow + timedelta(days=1)
        assert store.usages("ann")[REWARD] == Usage(0, "2026-11-26", day_after, None)
    with limited(url, {}) as (store, _):
        assert store.usages("ann") == {}


def test_the_database_refuses_a_use_that_the_limit_does_not_allow(url: SecretStr) -> None:
    with limited(url, {REWARD: once_per("day")}) as (store, _):
        assert isinstance(post(store, "1"), Posted)
    insert = (
        "INSERT INTO sample.ledger_limit_use"
        " SELECT owner_id, operation, period, {number}, allowed, {entry} FROM"
        " sample.ledger_limit_use"
    )
    for number, entry, constraint in (
        (1, "entry_id + 1", "pk_ledger_limit_use"),
        (2, "entry_id + 1", "ck_ledger_limit_use_within_limit"),
        (0, "entry_id + 1", "ck_ledger_limit_use_within_limit"),
    ):
        with pytest.raises(psycopg2.IntegrityError, match=constraint):
            execute(url, insert.format(number=number, entry=entry))
    foreign_key = "fk_ledger_limit_use_entry_id_ledger_entry"
    with (
        changeable_entries(url, "sample"),
        pytest.raises(psycopg2.IntegrityError, match=foreign_key),
    ):
        execute(url, "UPDATE sample.ledger_limit_use SET entry_id = entry_id + 1")
