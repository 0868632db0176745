"""Reads histories in tests, which do not run on an event loop."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import Any, TypeVar

from pydantic import SecretStr

from core.ledgers.history import EntryWithBalance, PastBalance, Place, Selection
from core.storage.history import History
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

ResultT = TypeVar("ResultT")


class Reader:
    """Runs each call of a History to its end."""

    def __init__(
        self, url: SecretStr, *, lock_timeout: float = 1, statement_timeout: float = 10
    ) -> None:
        self.history = History(
            LEDGER,
            url,
            connections=1,
            max_waiting=1,
            lock_timeout=lock_timeout,
            statement_timeout=statement_timeout,
        )
        self._loop = asyncio.new_event_loop()

    def balance_as_of(self, owner_id: str, time: datetime) -> PastBalance:
        return self.run(self.history.balance_as_of(owner_id, time))

    def entry(self, owner_id: str, nonce: str) -> EntryWithBalance[Operation] | None:
        return self.run(self.history.entry(owner_id, nonce))

    def run(self, call: Coroutine[Any, Any, ResultT]) -> ResultT:
        return self._loop.run_until_complete(call)

    def entries(
        self, owner_id: str, selection: Selection[Operation], limits: Sequence[int] = (1000,)
    ) -> list[EntryWithBalance[Operation]]:
        """The entries of all pages. Their sizes are `limits`, of which the last one is repeated."""
        entries: list[EntryWithBalance[Operation]] = []
        start: Place | None = None
        for number in count():
            limit = limits[min(number, len(limits) - 1)]
            call = self.history.page(owner_id, selection, limit=limit, start=start)
            page = self.run(call)
            assert not set(page.entries) & set(entries[-1:]), "an entry is repeated"
            entries += page.entries
            start = page.next
            if start is None:
                assert len(page.entries) <= limit
                return entries
            assert len(page.entries) == limit, "a page has room, but there is another one"
        raise AssertionError("unreachable")

    def close(self) -> None:
        self.history.close()
        self._loop.close()


@contextmanager
def reader(url: SecretStr, **timeouts: float) -> Iterator[Reader]:
    reader = Reader(url, **timeouts)
    try:
        yield reader
    finally:
        reader.close()
