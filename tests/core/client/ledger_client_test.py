"""The client's calls, with a running service on a real database."""

import asyncio
import pickle
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import SecretStr

from core.client import exceptions, plain_problems
from core.client.async_ledger_client import AsyncLedgerClient
from core.client.ledger_client import LedgerClient
from core.client.results import HistoryEntry, PostedEntry
from core.ledgers.errors import ForeignOperation, InvalidBatch, InvalidIdentifier
from core.ledgers.requests import Post
from core.testing.databases import execute
from sample.operations import SampleOperation

ADD, SPEND = SampleOperation.CREDIT_ADD, SampleOperation.CREDIT_SPEND
Client = LedgerClient[SampleOperation]


def test_a_post_returns_the_entry_with_the_balance(client: Client, database: SecretStr) -> None:
    posted = client.post(owner_id="ann/é %2F", operation=ADD, nonce="order 1")
    assert (posted.operation, posted.amount, posted.balance) == (ADD, 10, 10)
    assert abs(posted.created_on - datetime.now(timezone.utc)) < timedelta(minutes=10)
    spent = client.post(owner_id="ann/é %2F", operation=SPEND, nonce="a/b %", quantity=3)
    assert (spent.amount, spent.balance) == (-6, 4)
    rows = execute(
        database,
        "SELECT id, amount, nonce, created_on FROM sample.ledger_entry"
        " WHERE owner_id = 'ann/é %%2F' ORDER BY id",
    )
    assert rows == [(e.id, e.amount, e.nonce, e.created_on) for e in (posted, spent)]
    assert client.balance("ann/é %2F") == 4
    assert client.entry("ann/é %2F", spent.nonce) == HistoryEntry(**vars(spent))


def test_entries_are_read_page_by_page(client: Client) -> None:
    requests = [client.request(owner_id="pages", operation=ADD) for _ in range(410)]
    posted = client.post_batch(requests)
    assert [entry.nonce for entry in posted] == [request.nonce for request in requests]
    client.post(owner_id="pages", operation=SPEND)
    shown = list(client.entries("pages", operation=ADD, order="asc"))
    assert [PostedEntry(**vars(entry)) for entry in shown] == posted
    assert [entry.operation for entry in client.entries("pages")] == [SPEND, *[ADD] * 410]
    assert len(list(client.entries("pages", operation=(ADD, SPEND)))) == 411
    middle = shown[200].created_on
    assert list(client.entries("pages", since=middle + timedelta(days=1))) == []
    assert len(list(client.entries("pages", until=middle + timedelta(days=1)))) == 411
    first = client.page("pages", size=2)
    second = client.page("pages", size=2, cursor=first.next)
    assert [*first.entries, *second.entries] == list(client.entries("pages"))[:4]
    assert client.page("nobody").entries == () and client.page("nobody").next is None


def test_a_balance_of_the_past(client: Client) -> None:
    posted = client.post(owner_id="past", operation=ADD)
    before = client.balance_as_of("past", posted.created_on - timedelta(seconds=1))
    assert (before.balance, before.entry_id) == (0, None)
    then = client.balance_as_of("past", posted.created_on.astimezone(timezone(timedelta(hours=5))))
    assert (then.balance, then.entry_id) == (10, posted.id)
    with pytest.raises(exceptions.InvalidRequest) as refused:
        client.balance_as_of("past", datetime.now(timezone.utc) + timedelta(days=1))
    assert refused.value.errors[0].field == "query.as_of"


def test_limits_say_what_is_used(client: Client) -> None:
    client.post(owner_id="limited", operation=SampleOperation.SIGNUP_CREDIT)
    usages = {usage.operation: usage for usage in client.limits("limited")}
    signup = usages[SampleOperation.SIGNUP_CREDIT]
    assert (signup.used, signup.allowed, signup.resets_at) == (1, 1, None)
    daily = usages[SampleOperation.DAILY_REWARD]
    assert daily.used == 0 and daily.resets_at is not None
    assert daily.resets_at > datetime.now(timezone.utc)


def test_each_refusal_has_the_fields_of_its_document(client: Client) -> None:
    with pytest.raises(exceptions.InsufficientBalance) as insufficient:
        client.post(owner_id="poor", operation=SPEND, quantity=2)
    assert (insufficient.value.amount, insufficient.value.balance) == (-4, 0)
    assert insufficient.value.index is None and insufficient.value.unresolved == ()
    first = client.post(owner_id="poor", operation=ADD, nonce="1")
    with pytest.raises(exceptions.DuplicateNonce) as duplicate:
        client.post(owner_id="poor", operation=ADD, nonce="1")
    assert duplicate.value.entry.id == first.id
    with pytest.raises(exceptions.NonceReused) as reused:
        client.post(owner_id="poor", operation=SPEND, nonce="1")
    assert reused.value.entry == duplicate.value.entry
    once = client.post(owner_id="poor", operation=SampleOperation.SIGNUP_CREDIT)
    with pytest.raises(exceptions.LimitReached) as limited:
        client.post(owner_id="poor", operation=SampleOperation.SIGNUP_CREDIT)
    assert (limited.value.allowed, limited.value.resets_at) == (1, None)
    assert limited.value.operation is SampleOperation.SIGNUP_CREDIT
    assert limited.value.entry is not None and limited.value.entry.id == once.id
    with pytest.raises(exceptions.QuantityNotAllowed) as quantity:
        client.post(owner_id="poor", operation=ADD, quantity=2)
    assert quantity.value.errors[0].field == "body.quantity"
    with pytest.raises(plain_problems.EntryNotFound):
        client.entry("poor", "unused")
    with pytest.raises(plain_problems.InvalidCursor):
        client.page("poor", cursor="altered")


def test_a_batch_is_posted_whole_or_not_at_all(client: Client) -> None:
    posts = [
        client.request(owner_id="batch", operation=ADD),
        client.request(owner_id="batch", operation=SPEND, quantity=6),
    ]
    with pytest.raises(exceptions.InsufficientBalance) as refused:
        client.post_batch(posts)
    assert (refused.value.index, refused.value.balance) == (1, 10)
    assert client.balance("batch") == 0
    [written] = client.post_batch(posts[:1])
    assert written.balance == 10
    with pytest.raises(exceptions.BatchAlreadyPosted) as again:
        client.post_batch(posts[:1])
    assert [entry.id for entry in again.value.entries] == [written.id]


def test_posts_of_their_own_have_outcomes_of_their_own(client: Client) -> None:
    posts = [
        client.request(owner_id="each", operation=SPEND),
        client.request(owner_id="each", operation=ADD, nonce="1"),
    ]
    refused, written = client.post_each(posts)
    assert isinstance(refused, exceptions.InsufficientBalance) and refused.unresolved == ()
    assert isinstance(written, PostedEntry) and written.balance == 10
    [again] = client.post_each(posts[1:])
    assert isinstance(again, exceptions.DuplicateNonce) and again.entry.id == written.id
    assert client.post_each([]) == []


def test_the_asynchronous_client_makes_the_same_calls(address: str) -> None:
    async def calls() -> None:
        async with AsyncLedgerClient(address, operations=SampleOperation) as client:
            posted = await client.post(owner_id="async", operation=ADD)
            posts = [client.request(owner_id="async", operation=ADD) for _ in range(201)]
            assert len(await client.post_batch(posts)) == 201
            [refused] = await client.post_each([client.request(owner_id="nobody", operation=SPEND)])
            assert isinstance(refused, exceptions.InsufficientBalance)
            assert await client.balance("async") == 2020
            assert (await client.entry("async", posted.nonce)).balance == 10
            entries = [entry async for entry in client.entries("async", order="asc")]
            assert [entry.nonce for entry in entries] == [
                posted.nonce,
                *(post.nonce for post in posts),
            ]
            assert len((await client.page("async", size=3)).entries) == 3
            past = await client.balance_as_of("async", posted.created_on)
            assert past.entry_id == posted.id
            assert len(await client.limits("async")) == 3
            await client.check_ready()
            with pytest.raises(exceptions.DuplicateNonce):
                await client.post(owner_id="async", operation=ADD, nonce=posted.nonce)

    asyncio.run(calls())


def test_what_can_never_work_is_refused_without_a_service() -> None:
    client = LedgerClient("http://nowhere.invalid", operations=SampleOperation)
    foreign: dict[str, Any] = {"owner_id": "ann", "operation": "CREDIT_ADD"}
    with pytest.raises(InvalidIdentifier):
        client.post(owner_id="", operation=ADD)
    with pytest.raises(InvalidIdentifier):
        client.balance("..")
    with pytest.raises(InvalidIdentifier):
        client.entry("ann", ".")
    with pytest.raises(InvalidBatch):
        client.post_batch([])
    with pytest.raises(ForeignOperation, match="pass SampleOperation.CREDIT_ADD, not a string"):
        client.post(**foreign)
    with pytest.raises(ForeignOperation, match="pass SampleOperation.CREDIT_ADD, not a string"):
        client.entries("ann", operation=foreign["operation"])
    with pytest.raises(InvalidIdentifier, match="owner_id must be a string, not 5"):
        client.post(**{**foreign, "owner_id": 5, "operation": ADD})


POST = Post("ann", ADD, "1")


@pytest.mark.parametrize(
    "error",
    [
        exceptions.NoAnswer("No answer", sent=True),
        exceptions.UnexpectedAnswer("The answer", status=502),
        exceptions.UnknownProblem(409, "Conflict", "Later", "holiday"),
        exceptions.InsufficientBalance(400, "Bad Request", "Too low", -5, 0, None),
        plain_problems.Overloaded(503, "Service Unavailable", "Later"),
    ],
)
def test_an_exception_survives_pickling(error: exceptions.ClientError) -> None:
    """For task queues, which store why a task has failed."""
    error.unresolved = (POST,)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error) and vars(copy) == vars(error)
    assert str(copy) == str(error)
    assert str(error).endswith("post again with nonce='1'")
