"""A call tries again with the same nonce, and returns what an earlier try has posted."""

import asyncio
import json
import logging
import random
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from types import SimpleNamespace

import httpx
import pytest
from pydantic import SecretStr
from tenacity import Retrying, nap

from core.client import posting_exchanges
from core.client.answers import Answer, AppAnswers
from core.client.async_ledger_client import AsyncLedgerClient
from core.client.exactly_once import rows
from core.client.exceptions import DuplicateNonce, NoAnswer
from core.client.exchanges import Request
from core.client.faulty_proxy import Fault, faults
from core.client.ledger_client import LedgerClient
from core.client.plain_problems import Forbidden, NotFound
from core.client.results import PostedEntry
from core.client.tries import Deadline, Tries
from core.keys.api_keys import new_key
from core.service.problems import RETRY_AFTER_SECONDS
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.databases import Databases, held
from core.testing.threaded_service import served
from core.testing.waiting import until
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
# Outcomes of a post of its own.
BUSY = {
    "status": 503,
    "body": {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "Another transaction holds the lock on the owner",
        "code": "owner_busy",
    },
}
POSTED = {
    "status": 201,
    "body": {
        "id": 1,
        "operation": "CREDIT_ADD",
        "amount": 10,
        "nonce": "1",
        "owner_id": "ann",
        "created_on": "2026-11-23T01:06:53Z",
        "balance": 10,
    },
}
every_fault = pytest.mark.parametrize("fault", [fault for fault in Fault if fault.value > 1])


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


def test_only_the_posts_of_a_busy_owner_are_sent_again(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting_exchanges, "_RETRY_AFTER", 0.0)
    url = databases.migrated("sample")
    settings = DatabaseSettings(database_url=url, lock_timeout=0.1)
    with (
        served(LEDGER, settings) as running,
        faults(str(running.base_url), deadline=60, try_timeout=60) as (proxy, client),
        ThreadPoolExecutor(1) as pool,
    ):
        client.post(owner_id="busy", operation=ADD)
        posts = [client.request(owner_id=owner, operation=ADD) for owner in ("free", "busy")]
        with held(url, "sample", "busy"):
            posting = pool.submit(client.post_each, posts)
            until(lambda: len(proxy.seen) > 3, "the busy owner's post is not sent again")
        outcomes = posting.result()
        assert [each.balance for each in outcomes if isinstance(each, PostedEntry)] == [10, 20]
        sent = [[each["nonce"] for each in json.loads(body)["entries"]] for body in proxy.seen[1:]]
        assert sent[0] == [post.nonce for post in posts]
        assert all(nonces == [posts[1].nonce] for nonces in sent[1:])


def test_the_waits_between_rounds_grow_and_are_never_less_than_asked(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(nap, "time", SimpleNamespace(sleep=waits.append))
    monkeypatch.setattr(random, "uniform", lambda low, high: high)
    caplog.set_level(logging.INFO, "core.client")
    outcomes = chain([BUSY] * 6, [POSTED])
    answers = httpx.MockTransport(
        lambda _: httpx.Response(200, json={"outcomes": [next(outcomes)]})
    )
    with (
        httpx.Client(transport=answers) as http,
        LedgerClient("http://ledger", operations=SampleOperation, http=http) as client,
    ):
        [posted] = client.post_each([client.request(owner_id="ann", operation=ADD, nonce="1")])
    assert isinstance(posted, PostedEntry)
    backoffs = (0.1, 0.2, 0.4, 0.8, 1.6, 2.0)
    assert waits == [RETRY_AFTER_SECONDS + backoff for backoff in backoffs]
    assert len([record for record in caplog.records if record.name == "core.client.tries"]) == 1


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
    order = (Fault.NONE, Fault.NONE, Fault.UNAVAILABLE)
    with faults(address, *order, try_timeout=60) as (_, client):
        first = client.post(owner_id="earlier", operation=ADD, nonce="order 1")
        with pytest.raises(DuplicateNonce) as duplicate:
            client.post(owner_id="earlier", operation=ADD, nonce="order 1")
        assert duplicate.value.entry.id == first.id
        # A 503 may have posted, so this one counts as the call's own.
        assert client.post(owner_id="earlier", operation=ADD, nonce="order 1").id == first.id


def test_a_refusal_is_not_tried_again(address: str) -> None:
    with faults(address, path="/wrong") as (proxy, client):
        with pytest.raises(NotFound):
            client.balance("ann")
        assert len(proxy.seen) == 1


@pytest.mark.parametrize("sent", [False, True])
def test_an_answer_is_repeated_if_an_earlier_try_may_have_arrived(sent: bool) -> None:
    tries = Tries(Request("GET", "/ledger/ann"), Deadline(60))
    answers: list[Answer] = []
    for attempt in tries.in_turn(Retrying):
        with attempt:
            if attempt.retry_state.attempt_number == 1:
                raise NoAnswer("No answer", sent)
            answers.append(tries.answered(Answer(200, b"{}"), AppAnswers(SampleOperation)))
    assert [answer.repeated for answer in answers] == [sent]
