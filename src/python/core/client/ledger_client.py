"""`LedgerClient`: a typed client of one app's ledger."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from types import TracebackType
from typing import Generic

import httpx
from tenacity import Retrying

from core.client.answers import Answer
from core.client.client_calls import ClientCalls
from core.client.exceptions import ClientError
from core.client.exchanges import Exchange, Request, ResultT, advance
from core.client.http_messages import TryTimeouts, answer
from core.client.results import HistoryEntry, HistoryPage, LimitUsage, PostedEntry
from core.client.tries import Deadline, Tries
from core.ledgers.history import MAX_PAGE, Order, PastBalance, Selection
from core.ledgers.operations import OperationT
from core.ledgers.requests import Post


class LedgerClient(ClientCalls[OperationT, httpx.Client], Generic[OperationT]):
    """A client of the ledger whose operations are `operations`. Threads may share it.

    `url` is that of the service, with its ROOT_PATH if it has one. `deadline` is how many seconds
    a call may take with all of its tries; `try_timeout` is how many one try may take. `http` is a
    client of httpx with settings of your own, such as certificates, and stays yours to close.

    A call raises a ClientError if the service refuses it or does not answer: see exceptions.py. It
    raises InvalidIdentifier, InvalidBatch or ForeignOperation if its arguments can never work.

    Raises ConfigurationError if an argument can never work.
    """

    _http_class = httpx.Client

    def close(self) -> None:
        """Closes the connections. A `with` statement does so at its end."""
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> "LedgerClient[OperationT]":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def post(
        self, *, owner_id: str, operation: OperationT, nonce: str | None = None, quantity: int = 1
    ) -> PostedEntry[OperationT]:
        """Posts an entry, once, and returns it. Without a nonce, makes a new one.

        Raises DuplicateNonce if an earlier call has posted the same with this nonce; a call's own
        retry never does.
        """
        return self._run(self._post(owner_id, operation, nonce, quantity))

    def post_batch(self, posts: Sequence[Post[OperationT]]) -> list[PostedEntry[OperationT]]:
        """Posts all of `posts`, or none. `request` makes them.

        Raises the refusal of the first that is refused, or BatchAlreadyPosted if an earlier call
        has posted this batch.
        """
        return self._run(self._posts.post_batch(posts))

    def post_each(
        self, posts: Sequence[Post[OperationT]]
    ) -> list[PostedEntry[OperationT] | ClientError]:
        """Posts each of `posts` on its own; returns its entry, or why it has none. Raises a
        ClientError if none has an answer.
        """
        return self._run(self._posts.post_each(posts))

    def balance(self, owner_id: str) -> int:
        """Returns the owner's credits, 0 for an unknown owner."""
        return self._run(self._reads.balance(owner_id))

    def balance_as_of(self, owner_id: str, time: datetime) -> PastBalance:
        """Returns the balance at a time in the past, which needs a time zone. It never changes."""
        return self._run(self._reads.balance_as_of(owner_id, time))

    def entry(self, owner_id: str, nonce: str) -> HistoryEntry[OperationT]:
        """Returns the owner's entry with this nonce. Raises EntryNotFound if there is none."""
        return self._run(self._reads.entry(owner_id, nonce))

    def entries(
        self,
        owner_id: str,
        *,
        operation: OperationT | Collection[OperationT] = (),
        order: Order = "desc",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[HistoryEntry[OperationT]]:
        """Iterates over the owner's entries, newest first; reads a page when it needs one.

        With `operation`, only over entries of this one, or these. Entries are from `since` on, and
        before `until`; both need a time zone. The deadline is that of each page.
        """
        return self._entries(owner_id, self._selection(operation, order, since, until))

    def page(
        self,
        owner_id: str,
        *,
        operation: OperationT | Collection[OperationT] = (),
        order: Order = "desc",
        since: datetime | None = None,
        until: datetime | None = None,
        size: int = MAX_PAGE,
        cursor: str | None = None,
    ) -> HistoryPage[OperationT]:
        """Returns a page of what `entries` iterates over. The cursor is the `next` of the page
        before; it contains the other arguments, except for the size of 1 to 200 entries.
        """
        selection = self._selection(operation, order, since, until)
        return self._run(self._reads.page(owner_id, selection, size, cursor))

    def limits(self, owner_id: str) -> list[LimitUsage[OperationT]]:
        """Returns how much of each limit the owner has used."""
        return self._run(self._reads.limits(owner_id))

    def check_ready(self) -> None:
        """Returns if the next post can succeed. Raises the ClientError that says why not, without
        trying again.
        """
        self._run(self._reads.ready())

    def _entries(
        self, owner_id: str, selection: Selection[OperationT]
    ) -> Iterator[HistoryEntry[OperationT]]:
        cursor: str | None = None
        while True:
            page = self._run(self._reads.page(owner_id, selection, MAX_PAGE, cursor))
            yield from page.entries
            cursor = page.next
            if cursor is None:
                return

    def _run(self, exchange: Exchange[ResultT]) -> ResultT:
        deadline = Deadline(self._seconds)
        outcome: Answer | ClientError | None = None
        while True:
            try:
                request = advance(exchange, outcome)
            except StopIteration as end:
                result: ResultT = end.value
                return result
            try:
                outcome = self._answer(request, deadline)
            except ClientError as error:
                outcome = error.with_traceback(None)  # which shows each try otherwise

    def _answer(self, request: Request, deadline: Deadline) -> Answer:
        tries = Tries(request, deadline)
        for attempt in tries.in_turn(Retrying):
            with attempt:
                tries.begin(attempt.retry_state.attempt_number)
                seconds = min(self._try_seconds, deadline.left())
                return tries.answered(self._send(request, seconds), self._app)
        raise AssertionError("the last try returns or raises")

    def _send(self, request: Request, seconds: float) -> Answer:
        timeouts = TryTimeouts(seconds)
        timeouts.follow_phases()
        message = self._endpoint.build(self._http, request, timeouts)
        try:
            with closing(self._http.send(message, stream=True, follow_redirects=False)) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if timeouts.over():
                        raise self._endpoint.too_late()
                return answer(response, bytes(body))
        except httpx.RequestError as error:
            # Its message is in the new one; its own causes take a screen.
            raise self._endpoint.no_answer(error) from None
