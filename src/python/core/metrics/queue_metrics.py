"""The metrics of one queue: how many requests are waiting, and how long its groups take."""

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import TypeVar

from core.metrics.ledger_metrics import LedgerMetrics

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


class QueueMetrics:
    """Observes the queue of this name, one of QUEUES."""

    def __init__(self, metrics: LedgerMetrics, queue: str) -> None:
        self._metrics = metrics
        self._queue = queue
        self.waiting = metrics.queue_depth.setter(queue)

    def group(self, size: int, waits: Sequence[float]) -> None:
        self._metrics.group_size.observe(size, self._queue)
        self._metrics.queue_wait.observe_all(waits, self._queue)

    def timed(
        self, work: Callable[[ItemT], Awaitable[ResultT]]
    ) -> Callable[[ItemT], Awaitable[ResultT]]:
        """Returns `work`, which then measures its durations as those of transactions."""

        async def timed_work(items: ItemT) -> ResultT:
            begin = perf_counter()
            try:
                return await work(items)
            finally:
                self._metrics.transactions.observe(perf_counter() - begin, self._queue)

        return timed_work
