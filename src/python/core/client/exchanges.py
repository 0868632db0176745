"""Reads from a ledger, as exchanges of requests and answers without I/O.

An exchange is a generator: it yields requests, is sent the answer to each, or is thrown the
ClientError because of which there is none, and returns the result of the call. Both clients run
the same exchanges.
"""

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from urllib.parse import quote

from core.client.answers import Answer, AppAnswers, past_balance
from core.client.exceptions import ClientError
from core.client.problem_answers import problem
from core.client.results import HistoryEntry, HistoryPage, LimitUsage
from core.ledgers.errors import InvalidIdentifier
from core.ledgers.history import PastBalance, Selection
from core.ledgers.identifiers import UNREADABLE_OWNERS, validated_nonce, validated_owner_id
from core.ledgers.operations import OperationT


@dataclass(frozen=True)
class Request:
    """A request, which is tried until there is an answer, unless `once`.

    `after` is the refusal that it follows, as if that were the answer to its first try. `rounds` is
    how many requests have been refused in this way, because the wait grows with each.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    once: bool = False
    after: ClientError | None = None
    rounds: int = 0


ResultT = TypeVar("ResultT")
Exchange = Generator[Request, Answer, ResultT]


def advance(exchange: Exchange[ResultT], outcome: Answer | ClientError | None) -> Request:
    """Returns the next request, given the outcome of the one before, which is None for the first.

    Raises StopIteration with the result, or the exception with which the exchange ends.
    """
    if isinstance(outcome, ClientError):
        return exchange.throw(outcome)
    return next(exchange) if outcome is None else exchange.send(outcome)


def json_body(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


class ReadExchanges(Generic[OperationT]):
    """The exchanges that read. Each raises InvalidIdentifier if the owner or nonce is invalid."""

    def __init__(self, app: AppAnswers[OperationT]) -> None:
        self._app = app

    def balance(self, owner_id: str) -> Exchange[int]:
        answer = yield from self._read(_owner_path(owner_id))
        return answer.read(200, lambda fields: fields.integer("balance"))

    def balance_as_of(self, owner_id: str, time: datetime) -> Exchange[PastBalance]:
        query = ("as_of", time.isoformat())
        answer = yield from self._read(_owner_path(owner_id), query)
        return answer.read(200, past_balance)

    def entry(self, owner_id: str, nonce: str) -> Exchange[HistoryEntry[OperationT]]:
        if validated_nonce(nonce) in UNREADABLE_OWNERS:
            problem = f"must not be {nonce!r} here, because it cannot be in a URL: read the page"
            raise InvalidIdentifier("nonce", problem)
        path = f"{_owner_path(owner_id)}/entries/{quote(nonce, safe='')}"
        answer = yield from self._read(path)
        return answer.read(200, lambda fields: self._app.history_entry(fields, owner_id))

    def page(
        self,
        owner_id: str,
        selection: Selection[OperationT],
        size: int,
        cursor: str | None,
    ) -> Exchange[HistoryPage[OperationT]]:
        """Reads a page. A cursor contains the selection, so only one of the two is sent."""
        query = [("limit", str(size))]
        query += _selected(selection) if cursor is None else [("cursor", cursor)]
        answer = yield from self._read(f"{_owner_path(owner_id)}/entries", *query)
        return answer.read(200, self._app.page)

    def limits(self, owner_id: str) -> Exchange[list[LimitUsage[OperationT]]]:
        answer = yield from self._read(f"{_owner_path(owner_id)}/limits")
        return answer.read(200, self._app.limits)

    def ready(self) -> Exchange[None]:
        answer = yield Request("GET", "/readyz", once=True)
        if answer.status != 200:
            raise problem(answer, self._app)

    def _read(self, path: str, *query: tuple[str, str]) -> Exchange[Answer]:
        answer = yield Request("GET", path, query)
        if answer.status != 200:
            raise problem(answer, self._app)
        return answer


def _owner_path(owner_id: str) -> str:
    return f"/ledger/{quote(validated_owner_id(owner_id), safe='')}"


def _selected(selection: Selection[OperationT]) -> Sequence[tuple[str, str]]:
    query: list[tuple[str, str]] = [("order", selection.order)]
    query += [("operation", operation.value) for operation in selection.operations]
    times = (("from", selection.since), ("to", selection.until))
    return [*query, *((name, time.isoformat()) for name, time in times if time is not None)]
