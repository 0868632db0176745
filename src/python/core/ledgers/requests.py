"""The requests to a ledger: a `Post`, or a `Batch` of posts. Both validate on construction."""

from dataclasses import dataclass
from typing import Generic

from core.ledgers.errors import InvalidBatch
from core.ledgers.identifiers import validated_nonce, validated_owner_id
from core.ledgers.operations import OperationT_co

MAX_BATCH = 1000
"""The maximum number of posts in a batch.

Groups and queues are at least this large, so every valid batch fits into them.
"""

Key = tuple[str, str]
"""An owner_id and a nonce. A nonce is scoped to its owner, so this pair identifies an entry."""


@dataclass(frozen=True)
class Post(Generic[OperationT_co]):
    """A request to apply `operation` to an owner.

    `nonce` is the idempotency key: each nonce of an owner is posted at most once. `quantity` is
    the number of units of an operation whose amount is per unit: see Ledger.request.

    Raises InvalidIdentifier if `owner_id` or `nonce` is invalid.
    """

    owner_id: str
    operation: OperationT_co
    nonce: str
    quantity: int = 1

    def __post_init__(self) -> None:
        validated_owner_id(self.owner_id)
        validated_nonce(self.nonce)

    @property
    def key(self) -> Key:
        return self.owner_id, self.nonce


@dataclass(frozen=True)
class Batch(Generic[OperationT_co]):
    """Posts that are written atomically: all of them, or none.

    Raises InvalidBatch if there are no posts, or if two have the same owner and nonce.
    """

    posts: tuple[Post[OperationT_co], ...]

    def __post_init__(self) -> None:
        if len(self.posts) == 1:
            return  # the usual case, and always valid
        if not self.posts:
            raise InvalidBatch("a batch must have at least one entry")
        first: dict[Key, int] = {}
        for index, post in enumerate(self.posts):
            if first.setdefault(post.key, index) != index:
                raise InvalidBatch(
                    f"entry {index} has the same owner and nonce as entry {first[post.key]}, and "
                    "a nonce is posted only once: use another nonce, or separate batches"
                )
