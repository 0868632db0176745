"""What the requests of one event loop share: its queues and its connections to the database."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic

from pydantic import SecretStr

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import BatchOutcome
from core.ledgers.requests import MAX_BATCH, Batch
from core.metrics.ledger_metrics import LedgerMetrics
from core.metrics.queue_metrics import QueueMetrics
from core.migrations.readiness import Readiness
from core.service.group_queue import GroupQueue
from core.settings.groups import DatabaseSettings, ServiceSettings
from core.storage.history import History
from core.storage.store import LedgerStore, Timeouts

if TYPE_CHECKING:  # it imports OpenTelemetry
    from core.traces.spans import Spans

_READINESS_SECONDS = 2.5  # orchestrators commonly wait for three


class Worker(Generic[OperationT]):
    """Posts and reads for the requests of one event loop, of which a worker process has one.

    It connects on the first request.
    """

    def __init__(
        self,
        ledger: Ledger[OperationT],
        url: SecretStr,
        database: DatabaseSettings,
        service: ServiceSettings,
        metrics: LedgerMetrics,
        spans: Spans | None,
    ) -> None:
        """Raises ConfigurationError if `url` is not a PostgreSQL URL."""
        timeouts: Timeouts = {
            "connect_timeout": database.connect_timeout,
            "statement_timeout": database.statement_timeout,
            "lock_timeout": database.lock_timeout,
            "call_timeout": database.request_timeout,
        }
        on_error = metrics.database_error
        self._store = store = LedgerStore(ledger, url, on_error=on_error, **timeouts)
        self.history = History(
            ledger, url, max_waiting=service.queue_size, on_error=on_error, **timeouts
        )
        self.readiness = Readiness(ledger, url, timeout=_READINESS_SECONDS, on_error=on_error)
        posts, balances = QueueMetrics(metrics, "posts"), QueueMetrics(metrics, "balances")
        timeout = database.request_timeout
        limits = {"max_waiting": service.queue_size, "max_group": MAX_BATCH}
        self.posts: GroupQueue[Batch[OperationT], BatchOutcome[OperationT]]
        timed = posts.timed(store.post_batches)
        self.posts = GroupQueue(
            timed if spans is None else spans.around("transaction", timed),
            **limits,
            timeout=timeout,
            observer=posts,
        )
        self.balances: GroupQueue[str, int]
        self.balances = GroupQueue(
            balances.timed(store.balances), **limits, timeout=timeout, observer=balances
        )

    async def close(self) -> None:
        self.disconnect()  # which ends a group in progress: nobody waits for its outcome any more
        await self.posts.close()
        await self.balances.close()

    def disconnect(self) -> None:
        self._store.close()
        self.history.close()
        self.readiness.close()


class Workers(Generic[OperationT]):
    """A worker for each event loop that serves the application, of which there is usually one.

    An application can be started again after its end, on another event loop, in another thread or
    in a forked process. None of them may use what belongs to another's event loop.
    """

    def __init__(self, make: Callable[[], Worker[OperationT]]) -> None:
        self._make = make
        self._unused = [make()]  # here, so that settings which cannot work are reported at once
        self._workers: dict[asyncio.AbstractEventLoop, Worker[OperationT]] = {}
        self._starting = threading.Lock()

    def current(self) -> Worker[OperationT]:
        """Returns the worker of the running event loop."""
        loop = asyncio.get_running_loop()
        return self._workers.get(loop) or self._start(loop)

    def _start(self, loop: asyncio.AbstractEventLoop) -> Worker[OperationT]:
        with self._starting:
            for other in [*self._workers]:
                if other.is_closed():  # without an end of the application
                    self._workers.pop(other).disconnect()
            worker = self._workers[loop] = self._unused.pop() if self._unused else self._make()
        return worker

    async def close_current(self) -> None:
        """Closes the worker of the running event loop, which may need another one later."""
        worker = self._workers.pop(asyncio.get_running_loop(), None)
        if worker is not None:
            await worker.close()
