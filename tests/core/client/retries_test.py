"""A call tries again with the same nonce, and returns what an earlier try has posted."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from core.client import http_messages
from core.client.async_ledger_client import AsyncLedgerClient
from core.client.exceptions import DuplicateNonce, NoAnswer
from core.client.faulty_proxy import Fault, FaultyProxy, faulty_proxy
from core.client.ledger_client import LedgerClient
from core.client.plain_problems import Forbidden, NotFound, Overloaded
from core.client.results import PostedEntry
from core.client.tries import wait_before_retry
from core.keys.api_keys import new_key
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.databases import execute
from core.testing.threaded_service import served
from sample.ledger import LEDGER
from sample.operations import SampleOperation

ADD = SampleOperation.CREDIT_ADD
# What happens to a post that the service has committed all the same.
COMMITTED = [
    Fault.LOSE_ANSWER,
    Fault.CUT_ANSWER,
    Fault.HOLD_ANSWER,
    Fault.UNAVAILABLE_LATER,
    Fault.BAD_GATEWAY,
]
every_fault = pytest.mark.parametrize("fault", [fault for fault in Fault if fault.value > 1])


@contextmanager
def faults(
    address: str, *order: Fault, then: Fault = Fault.NONE, path: str = "", **options: Any
) -> Iterator[tuple[FaultyProxy, LedgerClient[SampleOperation]]]:
    """Yields a proxy that treats requests in this order, and a client that goes through it."""
    coming = iter(order)
    with (
        faulty_proxy(address, lambda: next(coming, then)) as proxy,
        LedgerClient(
            proxy.url + path, operations=SampleOperation, try_timeout=1, **options
        ) as client,
    ):
        yield proxy, client


def rows(database: SecretStr, owner_id: str) -> list[tuple[object, ...]]:
    query = "SELECT id, nonce FROM sample.ledger_entry WHERE owner_id = '%s' ORDER BY id"
    return execute(database, query % owner_id)


@every_fault
def test_a_post_is_written_once_and_returned(
    address: str, database: SecretStr, fault: Fault
) -> None:
    owner = f"once {fault.name}"
    with faults(address, fault, fault) as (proxy, client):
        posted = client.post(owner_id=owner, operation=ADD)
        assert rows(database, owner) == [(posted.id, posted.nonce)]
        assert (posted.owner_id, posted.operation, posted.amount) == (owner, ADD, 10)
        assert posted.balance == 10
        assert len({body for body in proxy.seen if body}) == 1


@every_fault
def test_the_asynchronous_client_does_the_same(
    address: str, database: SecretStr, fault: Fault
) -> None:
    owner = f"async once {fault.name}"

    async def post(url: str) -> PostedEntry[SampleOperation]:
        async with AsyncLedgerClient(url, operations=SampleOperation, try_timeout=1) as client:
            return await client.post(owner_id=owner, operation=ADD)

    with faults(address, fault) as (proxy, _):
        posted = asyncio.run(post(proxy.url))
    assert rows(database, owner) == [(posted.id, posted.nonce)] and posted.balance == 10


@pytest.mark.parametrize("fault", COMMITTED)
def test_a_batch_is_written_once_and_returned(
    address: str, database: SecretStr, fault: Fault
) -> None:
    owner = f"batch {fault.name}"
    with faults(address, fault) as (_, client):
        posted = client.post_batch([client.request(owner_id=owner, operation=ADD)] * 1)
        more = [client.request(owner_id=owner, operation=ADD) for _ in range(3)]
        posted += client.post_batch(more)
    assert rows(database, owner) == [(entry.id, entry.nonce) for entry in posted]
    assert [entry.balance for entry in posted] == [None, 20, 30, 40]


@pytest.mark.parametrize("fault", COMMITTED)
def test_posts_of_their_own_are_written_once_and_returned(
    address: str, database: SecretStr, fault: Fault
) -> None:
    owner = f"each {fault.name}"
    with faults(address, fault) as (_, client):
        posts = [client.request(owner_id=owner, operation=ADD) for _ in range(3)]
        outcomes = client.post_each(posts)
    posted = [outcome for outcome in outcomes if isinstance(outcome, PostedEntry)]
    assert rows(database, owner) == [(entry.id, entry.nonce) for entry in posted]
    assert [entry.nonce for entry in posted] == [post.nonce for post in posts]


def test_the_balance_is_none_if_the_key_may_not_read_it(database: SecretStr) -> None:
    key, line = new_key(
        "adder", ["post:CREDIT_ADD"], None, [each.value for each in SampleOperation]
    )
    settings = ServiceSettings(api_keys=SecretStr(line))
    with (
        served(LEDGER, DatabaseSettings(database_url=database), settings) as running,
        faults(str(running.base_url), Fault.LOSE_ANSWER, api_key=key) as (_, client),
    ):
        posted = client.post(owner_id="no balance", operation=ADD)
        assert posted.balance is None
        assert rows(database, "no balance") == [(posted.id, posted.nonce)]
        assert client.post(owner_id="no balance", operation=ADD).balance == 20
        with pytest.raises(Forbidden, match="read"):
            client.balance("no balance")
    with (
        LedgerClient(str(running.base_url), operations=SampleOperation, deadline=0.1) as gone,
        pytest.raises(NoAnswer),
    ):
        gone.check_ready()


def test_an_earlier_call_s_entry_is_a_duplicate_even_if_nothing_was_sent(address: str) -> None:
    with faults(address, Fault.NONE, Fault.NONE, Fault.UNAVAILABLE) as (_, client):
        first = client.post(owner_id="earlier", operation=ADD, nonce="order 1")
        with pytest.raises(DuplicateNonce) as duplicate:
            client.post(owner_id="earlier", operation=ADD, nonce="order 1")
        assert duplicate.value.entry.id == first.id
        # A 503 may have posted, so this one counts as the call's own.
        assert client.post(owner_id="earlier", operation=ADD, nonce="order 1").id == first.id


def test_the_deadline_ends_the_tries_and_the_posts_are_named(
    address: str, database: SecretStr
) -> None:
    with faults(address, then=Fault.LOSE_ANSWER, deadline=2) as (proxy, client):
        with pytest.raises(NoAnswer) as failed:
            client.post(owner_id="deadline", operation=ADD)
        assert len(proxy.seen) > 1
        [post] = failed.value.unresolved
        assert f"post again with nonce={post.nonce!r}" in str(failed.value)
        proxy.fault = lambda: Fault.NONE
        with pytest.raises(DuplicateNonce) as duplicate:
            client.post(owner_id="deadline", operation=ADD, nonce=post.nonce)
    assert rows(database, "deadline") == [(duplicate.value.entry.id, post.nonce)]


def test_an_unavailable_service_is_named_by_its_code(address: str) -> None:
    with faults(address, then=Fault.UNAVAILABLE, deadline=0.5) as (proxy, client):
        with pytest.raises(Overloaded) as failed:
            client.balance("ann")
        assert failed.value.unresolved == () and failed.value.retry_after == 0
        proxy.seen.clear()
        with pytest.raises(Overloaded):
            client.check_ready()
        assert len(proxy.seen) == 1


def test_a_post_that_never_reached_the_service_is_not_unresolved() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with (
        LedgerClient(url, operations=SampleOperation, deadline=0.5) as client,
        pytest.raises(NoAnswer) as failed,
    ):
        client.post(owner_id="ann", operation=ADD)
    assert not failed.value.sent and failed.value.unresolved == ()


def test_a_refusal_is_not_tried_again(address: str) -> None:
    with faults(address, path="/wrong") as (proxy, client):
        with pytest.raises(NotFound):
            client.balance("ann")
        assert len(proxy.seen) == 1


def test_the_wait_is_random_grows_and_is_never_less_than_asked() -> None:
    asked = Overloaded(503, "Service Unavailable", "Too many requests are waiting")
    asked.retry_after = 7.0
    assert all(7 <= wait_before_retry(asked, tries) <= 9 for tries in range(1, 2000))
    first = [wait_before_retry(None, 1) for _ in range(1000)]
    assert max(first) <= 0.1 and len(set(first)) > 900
    assert 1 < max(wait_before_retry(None, 1000) for _ in range(1000)) <= 2


def test_a_wait_beyond_the_deadline_is_not_begun(address: str) -> None:
    with faults(address, then=Fault.UNAVAILABLE) as (proxy, client):
        proxy.retry_after = "3600"
        with pytest.raises(Overloaded) as failed:
            client.post(owner_id="ann", operation=ADD)
        assert failed.value.retry_after == 3600 and len(proxy.seen) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("2", 2.0), ("soon", None), ("-1", None), ("Sun, 06 Nov 1994 08:49:37 GMT", 0)],
)
def test_retry_after_is_a_number_or_a_time(header: str | None, seconds: float | None) -> None:
    headers = {} if header is None else {"Retry-After": header}
    read = http_messages.answer(httpx.Response(503, headers=headers), b"")
    assert read.retry_after == seconds
