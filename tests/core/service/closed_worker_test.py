"""Closing a worker ends its posts and reads, whatever they wait for, and opens no connection."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from pydantic import SecretStr

from core.ledgers.errors import DatabaseUnreachable
from core.ledgers.requests import Batch, Post
from core.metrics.ledger_metrics import LedgerMetrics
from core.service.controlled_work import in_event_loop
from core.service.workers import Worker
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.testing.unreliable_proxy import proxied
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

CONNECT_TIMEOUT = 20
BATCH = Batch((Post("ann", Operation.CREDIT_ADD, "1"),))

REQUESTS: dict[str, Callable[[Worker[Operation]], Coroutine[Any, Any, object]]] = {
    "post": lambda worker: worker.posts.submit_one(BATCH),
    "balance": lambda worker: worker.balances.submit_one("ann"),
    "entry": lambda worker: worker.history.entry("ann", "1"),
}


def worker_at(url: SecretStr) -> Worker[Operation]:
    database = DatabaseSettings(
        database_url=url, connect_timeout=CONNECT_TIMEOUT, statement_timeout=60, request_timeout=60
    )
    metrics = LedgerMetrics(operations=[], queue_size=10, build={})
    return Worker(LEDGER, url, database, ServiceSettings(), metrics, None)


async def assert_ends(worker: Worker[Operation], request: "asyncio.Task[Any]") -> None:
    assert not request.done()
    await asyncio.wait_for(worker.close(), CONNECT_TIMEOUT / 2)
    with pytest.raises(DatabaseUnreachable):
        await asyncio.wait_for(request, CONNECT_TIMEOUT / 2)


@pytest.mark.parametrize("name", REQUESTS)
@in_event_loop
async def test_of_a_server_that_accepts_and_never_answers(name: str) -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        worker = worker_at(SecretStr(f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/db"))
        request = loop.create_task(REQUESTS[name](worker))
        connection, _ = await asyncio.wait_for(loop.sock_accept(silent), 60)
        with connection:
            await assert_ends(worker, request)


@in_event_loop
async def test_of_a_network_that_forwards_nothing(url: SecretStr) -> None:
    with proxied(url) as (proxy, through_proxy):
        worker = worker_at(through_proxy)
        await worker.posts.submit_one(BATCH)
        assert await worker.balances.submit_one("ann") == 10
        proxy.frozen = True
        read = asyncio.create_task(worker.balances.submit_one("ann"))
        for _ in range(20):  # until the statement is sent
            await asyncio.sleep(0)
        await assert_ends(worker, read)
