"""A ledger's store for code that does not run on an event loop, such as tests."""

import asyncio
from collections.abc import Coroutine, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import uuid4

from pydantic import SecretStr
from typing_extensions import Unpack, assert_never

from core.ledgers.amounts import MAX_AMOUNT
from core.ledgers.history import PastBalance, Selection
from core.ledgers.identifiers import validated_owner_id
from core.ledgers.ledger import Ledger
from core.ledgers.limits import Usage
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import (
    BatchOutcome,
    BatchPosted,
    BatchRefused,
    BatchRepeated,
    Outcome,
    OwnerBusy,
    StoredEntry,
)
from core.ledgers.requests import Batch, Post
from core.storage.history import History
from core.storage.limit_usage import CLOCK
from core.storage.store import LedgerStore, Timeouts
from core.storage.verification import verify
from core.testing.other_releases import generous

ResultT = TypeVar("ResultT")

_ALL = 2**31 - 2  # entries


class BlockingStore(Generic[OperationT]):
    """Runs each call of a LedgerStore to its end. For one thread."""

    def __init__(
        self,
        ledger: Ledger[OperationT],
        url: SecretStr,
        *,
        clock: str = CLOCK,
        **timeouts: Unpack[Timeouts],
    ) -> None:
        """`clock` is an SQL expression of the time by which limits are decided."""
        self.ledger = ledger
        self._url, self._clock = url, clock
        self._store = LedgerStore(ledger, url, clock=clock, **timeouts)
        self._history = History(ledger, url, connections=1, max_waiting=1, clock=clock, **timeouts)
        self._funding: tuple[LedgerStore[OperationT], OperationT] | None = None
        self._loop = asyncio.new_event_loop()

    def balance(self, owner_id: str) -> int:
        return self._run(self._store.balances([validated_owner_id(owner_id)]))[0]

    def post(self, posts: Sequence[Post[OperationT]]) -> list[Outcome[OperationT]]:
        """Posts each on its own, as one group; returns an outcome for each."""
        outcomes: list[Outcome[OperationT]] = []
        for outcome in self.post_batches([Batch((post,)) for post in posts]):
            match outcome:
                case BatchPosted(posted):
                    outcomes += posted
                case BatchRefused(_, refusal):
                    outcomes.append(refusal)
                case BatchRepeated():
                    raise AssertionError("of a batch of several posts only")
                case OwnerBusy():
                    raise outcome.error()
                case _:
                    assert_never(outcome)
        return outcomes

    def fund(self, owner_id: str, credits: int) -> None:
        """Gives an owner credits, whatever the ledger's operations give: see `generous`."""
        if self._funding is None:
            ledger, giving = generous(self.ledger)
            self._funding = LedgerStore(ledger, self._url, clock=self._clock), giving
        store, giving = self._funding
        posts = [
            Post(owner_id, giving, f"funding {uuid4()}", min(MAX_AMOUNT, credits - given))
            for given in range(0, credits, MAX_AMOUNT)
        ]
        outcomes = self._run(store.post_batches([Batch((post,)) for post in posts]))
        assert all(isinstance(outcome, BatchPosted) for outcome in outcomes), outcomes

    def post_batches(self, batches: Sequence[Batch[OperationT]]) -> list[BatchOutcome[OperationT]]:
        """Raises the first exception among the outcomes."""
        outcomes: list[BatchOutcome[OperationT]] = []
        for outcome in self._run(self._store.post_batches(batches)):
            if isinstance(outcome, Exception):
                raise outcome
            outcomes.append(outcome)
        return outcomes

    def entries(self, owner_id: str) -> list[StoredEntry[OperationT]]:
        """Returns the owner's entries, oldest first."""
        all_ = self._history.page(owner_id, Selection("asc"), limit=_ALL)
        return [shown.entry for shown in self._run(all_).entries]

    def balance_as_of(self, owner_id: str, time: datetime) -> PastBalance:
        return self._run(self._history.balance_as_of(owner_id, time))

    def usages(self, owner_id: str) -> Mapping[OperationT, Usage]:
        return self._run(self._history.usages(owner_id))

    def discrepancies(self) -> list[str]:
        """The findings of a verification of the whole ledger, as text."""
        return [str(finding) for finding in verify(self.ledger, self._url).findings]

    def close(self) -> None:
        self._store.close()
        self._history.close()
        if self._funding is not None:
            self._funding[0].close()
        self._loop.close()

    def _run(self, call: Coroutine[Any, Any, ResultT]) -> ResultT:
        return self._loop.run_until_complete(call)


@contextmanager
def blocking_store(
    ledger: Ledger[OperationT], url: SecretStr, *, clock: str = CLOCK, **timeouts: Unpack[Timeouts]
) -> Generator[BlockingStore[OperationT], None, None]:
    """A store that is closed when the block ends."""
    store = BlockingStore(ledger, url, clock=clock, **timeouts)
    try:
        yield store
    finally:
        store.close()
