"""10,000 posts through every fault, while the service is killed and started again."""

import sys
from contextlib import ExitStack

from core.client.exactly_once import (
    Posted,
    assert_exactly_once,
    mixed_faults,
    owner_and_operation,
    post_from_threads,
)
from core.client.faulty_proxy import faulty_proxy
from core.client.ledger_client import LedgerClient
from core.testing.databases import throwaway_databases
from core.testing.service_process import Service, service
from sample.operations import SampleOperation

POSTS = 10_000
KILLS = 20


def test_each_of_ten_thousand_posts_is_written_once() -> None:
    with throwaway_databases(durable=True) as databases, ExitStack() as stack:
        url = databases.migrated("sample")

        def started() -> Service:
            return stack.enter_context(service("sample.service", DATABASE_URL=url))

        running = started()
        proxy = stack.enter_context(faulty_proxy(running.address, mixed_faults(0.3, holds=500)))
        client = stack.enter_context(
            LedgerClient(proxy.url, operations=SampleOperation, try_timeout=5, deadline=300)
        )

        def post(number: int) -> Posted:
            owner_id, operation = owner_and_operation(number)
            return client.post(owner_id=owner_id, operation=operation)

        posted: list[Posted] = []
        for entry in post_from_threads(range(POSTS), 16, post):
            posted.append(entry)
            if len(posted) % (POSTS // KILLS) == 0 and len(posted) < POSTS:
                running.process.kill()
                running = started()
                proxy.upstream = running.address
        assert_exactly_once(url, posted)
        print(f"{POSTS} posts in {len(proxy.seen)} requests", file=sys.stderr)
