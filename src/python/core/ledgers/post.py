"""`Post`: a request to a ledger, valid when it is constructed."""

from dataclasses import dataclass
from typing import Generic

from core.ledgers.identifiers import validated_nonce, validated_owner_id
from core.ledgers.operations import OperationT

Key = tuple[str, str]
"""An owner_id and one of its nonces: a nonce belongs to its owner."""


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
