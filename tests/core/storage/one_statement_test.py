"""The one statement, for owners whose posts are all acceptable, follows posting.decide."""

from collections.abc import Iterator
from datetime import datetime
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ledgers.decisions import AcceptBatch
from core.ledgers.outcomes import (
    BalanceTooHigh,
    BatchOutcome,
    BatchPosted,
    BatchRepeated,
    Duplicate,
    Entry,
    NewerEntry,
    Posted,
)
from core.ledgers.posting import MAX_BALANCE, accepted_posts, decide
from core.ledgers.requests import Batch, Key, Post
from core.testing.blocking_store import BlockingStore, blocking_store
from core.testing.databases import Databases, execute
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

Store = BlockingStore[Operation]
RUNS = count()

# Few owners and nonces, so that replays, reused nonces and refusals are common.
POSTS = st.builds(
    Post[Operation],
    st.sampled_from(["ann", "bob", "cat", "dan"]),
    st.sampled_from(list(Operation)),
    st.sampled_from([str(nonce) for nonce in range(12)]),
)
BATCHES = st.lists(POSTS, min_size=1, max_size=3, unique_by=lambda post: post.key)
GROUPS = st.lists(st.one_of(st.lists(POSTS, min_size=1, max_size=1), BATCHES), max_size=12)


@pytest.fixture(scope="module")
def store(databases: Databases) -> Iterator[Store]:
    with blocking_store(LEDGER, databases.migrated("sample")) as store:
        yield store


class Model:
    """What the ledger holds, according to the rules alone."""

    def __init__(self) -> None:
        self.balances: dict[str, int] = {}
        self.entries: dict[Key, Entry[Operation]] = {}

    def post(self, group: list[Batch[Operation]]) -> list[object]:
        """Decides and applies a group; returns what is expected of each batch."""
        for batch in group:
            for post in batch.posts:
                self.balances.setdefault(post.owner_id, 0)
        decisions = decide(LEDGER, group, self.balances, self.entries)
        for post, accept in accepted_posts(group, decisions):
            self.balances[post.owner_id] = accept.balance
            self.entries[post.key] = Entry(
                0, post.operation, accept.amount, post.nonce, post.owner_id, datetime.min
            )
        return [
            (
                [(accept.amount, accept.balance) for accept in decision.posts]
                if isinstance(decision, AcceptBatch)
                else getattr(decision, "index", "repeat")
            )
            for decision in decisions
        ]


def described(outcome: BatchOutcome[Operation]) -> object:
    if isinstance(outcome, BatchPosted):
        return [(posted.entry.amount, posted.balance) for posted in outcome.posted]
    if isinstance(outcome, BatchRepeated):
        return "repeat"
    return getattr(outcome, "index", outcome)


def of_run(run: int, group: list[list[Post[Operation]]]) -> list[Batch[Operation]]:
    return [
        Batch(tuple(Post(f"{p.owner_id} {run}", p.operation, p.nonce) for p in posts))
        for posts in group
    ]


def test_an_entry_of_a_newer_release_does_not_disturb_the_other_owners(
    databases: Databases,
) -> None:
    url = databases.migrated("sample")
    execute(url, "ALTER TYPE sample.ledger_operation ADD VALUE 'NEWER'")
    execute(url, "INSERT INTO sample.ledger_balance VALUES ('bob', 1)")
    execute(
        url,
        "INSERT INTO sample.ledger_entry (operation, amount, nonce, owner_id)"
        " VALUES ('NEWER', 1, '1', 'bob')",
    )
    with blocking_store(LEDGER, url) as store:
        owners = ("ann", "bob", "cat")
        ann, bob, cat = store.post([Post(owner, Operation.CREDIT_ADD, "1") for owner in owners])
    assert isinstance(ann, Posted) and isinstance(cat, Posted)
    assert isinstance(bob, Duplicate) and bob.reused
    assert isinstance(bob.original, NewerEntry) and bob.original.operation == "NEWER"


def test_a_group_follows_the_rules_at_the_limit_of_a_balance(databases: Databases) -> None:
    url = databases.migrated("sample")
    execute(url, f"INSERT INTO sample.ledger_balance VALUES ('ann', {MAX_BALANCE - 1})")
    add, spend = Operation.CREDIT_ADD, Operation.CREDIT_SPEND
    with blocking_store(LEDGER, url) as store:
        # The sum of the amounts is within the limit, but the first post exceeds it.
        group = [Post("ann", add, "1"), *(Post("ann", spend, f"{n}") for n in range(2, 12))]
        refused, *accepted = store.post([*group, Post("bob", add, "1")])
        assert refused == BalanceTooHigh(10, MAX_BALANCE - 1)
        assert all(isinstance(outcome, Posted) for outcome in accepted)
        assert store.balance("ann") == MAX_BALANCE - 11
        assert store.post([Post("ann", add, "1")])[0] != refused
        assert store.balance("ann") == MAX_BALANCE - 1


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(GROUPS, min_size=1, max_size=4))
def test_random_groups_have_the_outcomes_of_the_rules(
    store: Store, groups: list[list[list[Post[Operation]]]]
) -> None:
    run, model = next(RUNS), Model()
    for group in groups:
        batches = of_run(run, group)
        assert [described(o) for o in store.post_batches(batches)] == model.post(batches)
    for owner_id, balance in model.balances.items():
        entries = store.entries(owner_id)
        expected = [
            (entry.nonce, entry.operation, entry.amount)
            for entry in model.entries.values()
            if entry.owner_id == owner_id
        ]
        assert [(e.nonce, e.operation, e.amount) for e in entries] == expected
        assert store.balance(owner_id) == balance
        times = [entry.created_on for entry in entries]
        assert times == sorted(times)
