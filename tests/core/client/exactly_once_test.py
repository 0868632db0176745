"""Calls return the right entry, and post it once, whatever is lost on the way."""

import asyncio

from core.client.async_ledger_client import AsyncLedgerClient
from core.client.exactly_once import (
    Posted,
    assert_exactly_once,
    mixed_faults,
    owner_and_operation,
    post_from_threads,
)
from core.client.faulty_proxy import faulty_proxy
from core.client.ledger_client import LedgerClient
from core.settings.groups import DatabaseSettings
from core.testing.databases import Databases
from core.testing.threaded_service import served
from sample.ledger import LEDGER
from sample.operations import SampleOperation

POSTS = 80


def test_each_post_of_several_threads_is_written_once(databases: Databases) -> None:
    url = databases.migrated("sample")
    with (
        served(LEDGER, DatabaseSettings(database_url=url)) as running,
        faulty_proxy(str(running.base_url), mixed_faults(0.4, holds=50)) as proxy,
        LedgerClient(proxy.url, operations=SampleOperation, try_timeout=1, deadline=60) as client,
    ):

        def post(number: int) -> Posted:
            owner_id, operation = owner_and_operation(number)
            return client.post(owner_id=owner_id, operation=operation)

        assert_exactly_once(url, list(post_from_threads(range(POSTS), 8, post)))


def test_each_post_of_several_tasks_is_written_once(databases: Databases) -> None:
    url = databases.migrated("sample")

    async def post_all(address: str) -> list[Posted]:
        async with AsyncLedgerClient(
            address, operations=SampleOperation, try_timeout=1, deadline=60
        ) as client:
            turns = asyncio.Semaphore(8)

            async def post(number: int) -> Posted:
                owner_id, operation = owner_and_operation(number)
                async with turns:
                    return await client.post(owner_id=owner_id, operation=operation)

            return await asyncio.gather(*map(post, range(POSTS)))

    with (
        served(LEDGER, DatabaseSettings(database_url=url)) as running,
        faulty_proxy(str(running.base_url), mixed_faults(0.4, holds=50)) as proxy,
    ):
        assert_exactly_once(url, asyncio.run(post_all(proxy.url)))
