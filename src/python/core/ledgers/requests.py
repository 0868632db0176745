"""What a ledger is asked to do: a `Post`, or a `Batch` of them. Valid when constructed."""

from dataclasses import dataclass
from typing import Generic

from core.ledgers.errors import InvalidBatch
from core.ledgers.identifiers import validated_nonce, validated_owner_id
from core.ledgers.operations import OperationT

MAX_BATCH = 1000
"""The entries of a batch, at most; so every group of posts and every queue holds one."""

Key = tuple[str, str]
"""An owner_id and one of its nonces: a nonce is scoped to its owner."""


@dataclass(frozen=True)
class Post(Generic[OperationT]):
    """A request to apply `operation` to an owner, once for each nonce.

    Raises InvalidIdentifier for an owner_id or a nonce that cannot be stored.
    """

    owner_id: str
    operation: OperationT
    nonce: str

    def __post_init__(self) -> None:
        validated_owner_id(self.owner_id)
        validated_nonce(self.nonce)

    @property
    def key(self) -> Key:
        return self.owner_id, self.nonce


@dataclass(frozen=True)
class Batch(Generic[OperationT]):
    """Posts that are posted all or not at all.

    Raises InvalidBatch when there is none, or two have the same owner and nonce.
    """

    posts: tuple[Post[OperationT], ...]

    def __post_init__(self) -> None:
        if len(self.posts) == 1:
            return  # nearly every batch
        if not self.posts:
            raise InvalidBatch("a batch must have an entry")
        first: dict[Key, int] = {}
        for index, post in enumerate(self.posts):
            if first.setdefault(post.key, index) != index:
                raise InvalidBatch(
                    f"entry {index} has the owner and the nonce of entry {first[post.key]}: "
                    "all or nothing is impossible, because a nonce is posted once"
                )
