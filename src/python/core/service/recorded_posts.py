"""Records which posts a request has, and what became of them, for its access line."""

from collections.abc import Sequence

from core.ledgers.operations import OperationT
from core.ledgers.requests import Post
from core.logs.current_requests import current_request


def record_posts(posts: Sequence[Post[OperationT]]) -> None:
    """Says that the current request posts `posts`, of which there is at least one."""
    if request := current_request():
        request.outcome = "posted"  # unless it gets a problem
        first = posts[0].owner_id
        if all(post.owner_id == first for post in posts):
            request.owner_id = first


def record_statuses(statuses: Sequence[int]) -> None:
    """Says which statuses the entries of the current request have, one by one."""
    request = current_request()
    if request and any(status >= 300 for status in statuses):
        request.outcome = "partly_posted"
