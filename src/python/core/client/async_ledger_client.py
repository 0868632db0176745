"""`AsyncLedgerClient`: the calls of LedgerClient, as coroutines of asyncio."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from types import TracebackType
from typing import Generic

import httpx
from tenacity.asyncio import AsyncRetrying

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


class AsyncLedgerClient(ClientCalls[OperationT, httpx.AsyncClient], Generic[OperationT]):
    """A client for the tasks of one event loop. LedgerClient describes its arguments and errors.

    A call that is cancelled may have posted, so make its nonce yourself if you cancel calls.
    """

    _http_class = httpx.AsyncClient

    async def aclose(self) -> None:
        """Closes the connections. An `async with` statement does so at its end."""
        if self._owns_http:
            await self._http.aclose()

    async def __aenter__(self) -> "AsyncLedgerClient[OperationT]":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def post(
        self, *, owner_id: str, operation: OperationT, nonce: str | None = None, quantity: int = 1
    ) -> PostedEntry[OperationT]:
        """Posts an entry, once, and returns it. Without a nonce, makes a new one.

        Raises DuplicateNonce if an earlier call has posted the same with this nonce; a call's own
        retry never does.
        """
        return await self._run(self._post(owner_id, operation, nonce, quantity))

    async def post_batch(self, posts: Sequence[Post[OperationT]]) -> list[PostedEntry[OperationT]]:
        """Posts all of `posts`, or none. `request` makes them.

        Raises the refusal of the first that is refused, or BatchAlreadyPosted if an earlier call
        has posted this batch.
        """
        return await self._run(self._posts.post_batch(posts))

    async def post_each(
        self, posts: Sequence[Post[OperationT]]
    ) -> list[PostedEntry[OperationT] | ClientError]:
        """Posts each of `posts` on its own; returns its entry, or why it has none. Raises a
        ClientError if none has an answer.
        """
        return await self._run(self._posts.post_each(posts))

    async def balance(self, owner_id: str) -> int:
        """Returns the owner's credits, 0 for an unknown owner."""
        return await self._run(self._reads.balance(owner_id))

    async def balance_as_of(self, owner_id: str, time: datetime) -> PastBalance:
        """Returns the balance at a time in the past, which needs a time zone. It never changes."""
        return await self._run(self._reads.balance_as_of(owner_id, time))

    async def entry(self, owner_id: str, nonce: str) -> HistoryEntry[OperationT]:
        """Returns the owner's entry with this nonce. Raises EntryNotFound if there is none."""
        return await self._run(self._reads.entry(owner_id, nonce))

    def entries(
        self,
        owner_id: str,
        *,
        operation: OperationT | Collection[OperationT] = (),
        order: Order = "desc",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> AsyncIterator[HistoryEntry[OperationT]]:
        """Iterates over the owner's entries, newest first; reads a page when it needs one.

        With `operation`, only over entries of this one, or these. Entries are from `since` on, and
        before `until`; both need a time zone. The deadline is that of each page.
        """
        return self._entries(owner_id, self._selection(operation, order, since, until))

    async def page(
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
        return await self._run(self._reads.page(owner_id, selection, size, cursor))

    async def limits(self, owner_id: str) -> list[LimitUsage[OperationT]]:
        """Returns how much of each limit the owner has used."""
        return await self._run(self._reads.limits(owner_id))

    async def check_ready(self) -> None:
        """Returns if the next post can succeed. Raises the ClientError that says why not, without
        trying again.
        """
        await self._run(self._reads.ready())

    async def _entries(
        self, owner_id: str, selection: Selection[OperationT]
    ) -> AsyncIterator[HistoryEntry[OperationT]]:
        cursor: str | None = None
        while True:
            page = await self._run(self._reads.page(owner_id, selection, MAX_PAGE, cursor))
            for entry in page.entries:
                yield entry
            cursor = page.next
            if cursor is None:
                return

    async def _run(self, exchange: Exchange[ResultT]) -> ResultT:
        deadline = Deadline(self._seconds)
        outcome: Answer | ClientError | None = None
        while True:
            try:
                request = advance(exchange, outcome)
            except StopIteration as end:
                result: ResultT = end.value
                return result
            try:
                outcome = await self._answer(request, deadline)
            except ClientError as error:
                outcome = error.with_traceback(None)  # which shows each try otherwise

    async def _answer(self, request: Request, deadline: Deadline) -> Answer:
        tries = Tries(request, deadline)
        async for attempt in tries.in_turn(AsyncRetrying):
            with attempt:
                tries.begin(attempt.retry_state.attempt_number)
                seconds = min(self._try_seconds, deadline.left())
                return tries.answered(await self._send(request, seconds), self._app)
        raise AssertionError("the last try returns or raises")

    async def _send(self, request: Request, seconds: float) -> Answer:
        message = self._endpoint.build(self._http, request, TryTimeouts(seconds))
        sending = self._http.send(message, follow_redirects=False)
        try:
            response = await asyncio.wait_for(sending, seconds)
        except asyncio.TimeoutError:
            raise self._endpoint.too_late() from None
        except httpx.RequestError as error:
            # Its message is in the new one; its own causes take a screen.
            raise self._endpoint.no_answer(error) from None
        return answer(response, response.content)
