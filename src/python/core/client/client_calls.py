"""The calls of both clients: arguments become exchanges, with the checks that need no service."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Generic, TypeVar

import httpx

from core.client.answers import AppAnswers
from core.client.exchanges import Exchange, ReadExchanges
from core.client.http_messages import Endpoint
from core.client.nonces import new_nonce
from core.client.posting_exchanges import PostingExchanges
from core.client.results import PostedEntry
from core.ledgers.errors import ConfigurationError, ForeignOperation
from core.ledgers.history import Order, Selection
from core.ledgers.operations import BaseLedgerOperation, OperationT, advice_for_string
from core.ledgers.requests import Post

HttpT = TypeVar("HttpT", httpx.Client, httpx.AsyncClient)


class ClientCalls(Generic[OperationT, HttpT]):
    """Base of both clients, which add the I/O. LedgerClient describes the arguments."""

    _http_class: type[HttpT]

    def __init__(
        self,
        url: str,
        *,
        operations: type[OperationT],
        api_key: str | None = None,
        deadline: float = 30.0,
        try_timeout: float = 10.0,
        http: HttpT | None = None,
    ) -> None:
        if not (deadline > 0 and try_timeout > 0):
            raise ConfigurationError("deadline and try_timeout must be more than 0 seconds")
        if (
            api_key is not None
            and http is not None
            and isinstance(http.auth, (httpx.BasicAuth, httpx.NetRCAuth))
        ):
            raise ConfigurationError(
                "The Basic authentication of `http` can replace the API key in the header "
                "Authorization: leave one of them out"
            )
        self._operations = operations
        self._endpoint = Endpoint(url, api_key)
        self._app = AppAnswers(operations)
        self._reads = ReadExchanges(self._app)
        self._posts = PostingExchanges(self._app, self._reads)
        self._seconds = deadline
        self._try_seconds = try_timeout
        self._http: HttpT = self._http_class() if http is None else http
        self._owns_http = http is None

    def request(
        self, *, owner_id: str, operation: OperationT, nonce: str | None = None, quantity: int = 1
    ) -> Post[OperationT]:
        """Returns a post, with a new nonce by default, for `post_batch` and `post_each`.

        Raises InvalidIdentifier if `owner_id` or `nonce` is invalid, and ForeignOperation if the
        operation is another app's.
        """
        return Post(
            owner_id, self._own(operation), new_nonce() if nonce is None else nonce, quantity
        )

    def _own(self, operation: object) -> OperationT:
        if not isinstance(operation, self._operations):
            advice = advice_for_string(self._operations, operation)
            raise ForeignOperation(
                f"{operation!r} is not one of {self._operations.__name__}, the client's operations"
                f"{advice}"
            )
        return operation

    def _post(
        self, owner_id: str, operation: OperationT, nonce: str | None, quantity: int
    ) -> Exchange[PostedEntry[OperationT]]:
        post = self.request(owner_id=owner_id, operation=operation, nonce=nonce, quantity=quantity)
        return self._posts.post(post, new=nonce is None)

    def _selection(
        self,
        operation: OperationT | Collection[OperationT],
        order: Order,
        since: datetime | None,
        until: datetime | None,
    ) -> Selection[OperationT]:
        # A string is a collection, too, but of characters.
        chosen: Iterable[object]
        chosen = (operation,) if isinstance(operation, (BaseLedgerOperation, str)) else operation
        return Selection(order, tuple(self._own(each) for each in chosen), since, until)
