"""Records the posts of a request and their outcomes, for its access line and the metrics."""

from collections.abc import Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError

from core.ledgers.errors import LedgerError
from core.ledgers.operations import OperationT
from core.ledgers.requests import Post
from core.logs.current_requests import current_request
from core.metrics.families import Counter
from core.service.ledger_schemas import BatchResult
from core.service.responses import Reply

POSTED = "posted"


class RecordedPosts:
    """Counts posts by operation and outcome."""

    def __init__(self, posts: Counter) -> None:
        self._posts = posts

    def begin(self, posts: Sequence[Post[OperationT]]) -> None:
        """Records that the current request has these posts, at least one."""
        if request := current_request():
            request.outcome = POSTED  # unless it gets a problem
            first = posts[0].owner_id
            if len(posts) == 1 or all(post.owner_id == first for post in posts):
                request.owner_id = first

    def failed(self, posts: Sequence[Post[OperationT]], error: Exception) -> None:
        """Records that none of the posts was posted, because of `error`."""
        code = error.code if isinstance(error, LedgerError) else "internal_error"
        if isinstance(error, RequestValidationError):
            code = "invalid_request"
        self._count(posts, code)

    def replied(self, posts: Sequence[Post[OperationT]], reply: Reply[Any]) -> None:
        """Records the reply to posts that were posted together, or not at all."""
        self._count(posts, _outcome(reply.status, reply.body))

    def replied_one_by_one(
        self, posts: Sequence[Post[OperationT]], reply: Reply[BatchResult[OperationT]]
    ) -> None:
        """Records a reply that has a result for each of the posts."""
        results = reply.body.outcomes
        for post, result in zip(posts, results, strict=True):
            self._count([post], _outcome(result.status, result.body))
        request = current_request()
        if request and any(result.status >= 300 for result in results):
            request.outcome = "partly_posted"

    def _count(self, posts: Sequence[Post[OperationT]], outcome: str) -> None:
        request = current_request()
        key_name = request.key_name if request else ""
        for post in posts:
            # Every post passes here, and the property `value` is slower.
            self._posts.count(post.operation._value_, outcome, key_name)


def _outcome(status: int, body: Any) -> str:
    """Returns the code of a problem, or POSTED."""
    code: str = POSTED if status < 300 else body.code
    return code
