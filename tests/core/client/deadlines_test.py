"""The deadline ends a call, and the exception says why and what may have been posted."""

import asyncio
import itertools
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from pydantic import SecretStr
from tenacity import nap

from core.client import http_messages
from core.client.async_ledger_client import AsyncLedgerClient
from core.client.exactly_once import rows
from core.client.exceptions import DuplicateNonce, InsufficientBalance, NoAnswer
from core.client.faulty_proxy import Fault, faults, faulty_proxy
from core.client.ledger_client import LedgerClient
from core.client.plain_problems import DatabaseUnavailable, Overloaded, OwnerBusy
from core.client.results import PostedEntry
from core.client.tries import wait_before_retry
from core.ledgers.requests import Post
from core.settings.groups import DatabaseSettings
from core.testing.databases import Databases, held
from core.testing.threaded_service import served
from core.testing.waiting import until
from sample.ledger import LEDGER
from sample.operations import SampleOperation

ADD = SampleOperation.CREDIT_ADD


def test_the_deadline_ends_an_answer_that_never_ends() -> None:
    ended = Event()

    def drip(server: socket.socket) -> None:
        with suppress(OSError):  # until the client gives up, or the test ends
            while True:
                connection, _ = server.accept()
                with connection, suppress(OSError):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
                    while not ended.wait(0.01):
                        connection.sendall(b"1")

    async def read_asynchronously(url: str) -> None:
        async with AsyncLedgerClient(url, operations=SampleOperation, deadline=0.5) as client:
            with pytest.raises(NoAnswer):
                await client.balance("ann")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=drip, args=(server,))
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with LedgerClient(url, operations=SampleOperation, deadline=0.5) as client:
            with pytest.raises(NoAnswer):
                client.balance("ann")
        asyncio.run(read_asynchronously(url))
        ended.set()
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


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
    with faults(address, then=Fault.UNAVAILABLE, try_timeout=60) as (proxy, client):
        with pytest.raises(DatabaseUnavailable) as failed:
            client.check_ready()
        assert len(proxy.seen) == 1  # it has no retries
        assert failed.value.unresolved == () and failed.value.retry_after == 0


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


def test_the_wait_is_random_grows_and_is_never_less_than_asked() -> None:
    asked = Overloaded(503, "Service Unavailable", "Too many requests are waiting")
    asked.retry_after = 7.0
    assert all(7 <= wait_before_retry(asked, tries) <= 9 for tries in range(1, 2000))
    first = [wait_before_retry(None, 1) for _ in range(1000)]
    assert max(first) <= 0.1 and len(set(first)) > 900
    assert 1 < max(wait_before_retry(None, 1000) for _ in range(1000)) <= 2


def test_a_wait_beyond_the_deadline_is_not_begun(address: str) -> None:
    with faults(address, then=Fault.UNAVAILABLE, try_timeout=60) as (proxy, client):
        proxy.retry_after = "3600"
        with pytest.raises(DatabaseUnavailable) as failed:
            client.post(owner_id="ann", operation=ADD)
        assert failed.value.retry_after == 3600 and len(proxy.seen) == 1


def test_a_post_whose_owner_stays_busy_is_unresolved(databases: Databases) -> None:
    url = databases.migrated("sample")
    settings = DatabaseSettings(database_url=url, lock_timeout=0.1)
    with (
        served(LEDGER, settings) as running,
        faults(str(running.base_url), deadline=2) as (_, client),
    ):
        client.post(owner_id="busy", operation=ADD)
        posts = [client.request(owner_id=owner, operation=ADD) for owner in ("free", "busy")]
        with held(url, "sample", "busy"):
            posted, busy = client.post_each(posts)
    assert isinstance(posted, PostedEntry) and posted.balance == 10
    assert isinstance(busy, OwnerBusy) and busy.unresolved == (posts[1],)


@pytest.mark.parametrize("call", ["post", "post_batch", "post_each"])
def test_a_refusal_is_not_final_while_an_earlier_try_may_be_posted(
    address: str, database: SecretStr, call: str
) -> None:
    owner = f"stalled {call}"
    numbers, resumed = itertools.count(1), Event()

    def stall_the_first_try() -> Fault:
        if next(numbers) == 1:
            resumed.wait(60)
        return Fault.NONE

    with (
        faulty_proxy(address, stall_the_first_try) as proxy,
        LedgerClient(proxy.url, operations=SampleOperation, try_timeout=0.3) as client,
    ):
        post = client.request(owner_id=owner, operation=SampleOperation.CREDIT_SPEND)
        refused = refusal(client, call, post)
        assert len(proxy.seen) > 1 and refused.unresolved == (post,)
        assert "; an earlier try may have been posted, or may still be: post" in str(refused)
        client.post(owner_id=owner, operation=ADD)
        resumed.set()
        until(lambda: len(rows(database, owner)) == 2, "the stalled try is not posted")
        with pytest.raises(DuplicateNonce):
            client.post(owner_id=owner, operation=post.operation, nonce=post.nonce)


def refusal(
    client: LedgerClient[SampleOperation], call: str, post: Post[SampleOperation]
) -> InsufficientBalance:
    """Posts something for which the owner has too few credits."""
    if call == "post_each":
        [outcome] = client.post_each([post])
        assert isinstance(outcome, InsufficientBalance)
        return outcome
    with pytest.raises(InsufficientBalance) as refused:
        if call == "post_batch":
            client.post_batch([post])
        else:
            client.post(owner_id=post.owner_id, operation=post.operation, nonce=post.nonce)
    return refused.value


@pytest.mark.parametrize(
    "codes, final",
    [
        (["owner_busy", "overloaded"], True),
        (["database_unavailable"], False),
        (["database_unavailable", "owner_busy"], False),
        (["", "owner_busy"], False),  # the first answer is lost
    ],
)
@pytest.mark.parametrize("call", ["post", "post_each"])
def test_a_refusal_is_final_if_no_try_before_it_can_be_posted(
    monkeypatch: pytest.MonkeyPatch, codes: list[str], final: bool, call: str
) -> None:
    monkeypatch.setattr(nap, "time", SimpleNamespace(sleep=lambda _: None))
    refused = {"code": "insufficient_balance", "amount": -2, "balance": 0}
    documents = [{"status": 503, "code": code} for code in codes] + [{"status": 400, **refused}]
    bodies = iter([{"type": "about:blank", "title": "", "detail": "", **d} for d in documents])

    def answer(_: httpx.Request) -> httpx.Response:
        body = next(bodies)
        if not body["code"]:
            raise httpx.ReadTimeout("no answer")
        if call == "post_each":
            return httpx.Response(
                200, json={"outcomes": [{"status": body["status"], "body": body}]}
            )
        return httpx.Response(int(str(body["status"])), json=body)

    with (
        httpx.Client(transport=httpx.MockTransport(answer)) as http,
        LedgerClient("http://ledger", operations=SampleOperation, http=http) as client,
    ):
        post = client.request(owner_id="ann", operation=SampleOperation.CREDIT_SPEND)
        assert refusal(client, call, post).unresolved == (() if final else (post,))


def test_each_phase_of_a_try_gets_what_those_before_it_have_left() -> None:
    timeouts = http_messages.TryTimeouts(60)
    timeouts.follow_phases()
    first = dict(cast(dict[str, float], timeouts.extensions["timeout"]))
    trace = cast(Callable[[str, dict[str, object]], None], timeouts.extensions["trace"])
    trace("http11.receive_response_headers.started", {})
    later = cast(dict[str, float], timeouts.extensions["timeout"])
    assert all(0 < later[phase] < first[phase] for phase in ("connect", "read", "write", "pool"))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("2", 2.0), ("soon", None), ("-1", None), ("Sun, 06 Nov 1994 08:49:37 GMT", 0)],
)
def test_retry_after_is_a_number_or_a_time(header: str | None, seconds: float | None) -> None:
    headers = {} if header is None else {"Retry-After": header}
    read = http_messages.answer(httpx.Response(503, headers=headers), b"")
    assert read.retry_after == seconds
