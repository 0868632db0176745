"""The schemas of one ledger, with the app's own enum: FastAPI validates and documents with them."""

from typing import Generic

from pydantic import BaseModel

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.ledgers.schemas import BatchRequest, EntryModel, PostedBatch, PostedEntry, PostRequest
from core.service.problems import (
    DuplicateNonce,
    DuplicateNonceInBatch,
    InsufficientBalance,
    Problem,
)


class EntryResult(BaseModel, Generic[OperationT]):
    """The response that `POST /ledger` would have sent for an entry."""

    status: int
    body: PostedEntry[OperationT] | DuplicateNonce[OperationT] | InsufficientBalance | Problem


class BatchResult(BaseModel, Generic[OperationT]):
    """What became of each entry, in the order of the request."""

    outcomes: list[EntryResult[OperationT]]


class LedgerSchemas(Generic[OperationT]):
    """Each attribute is a generic schema of which the type variable is the ledger's enum."""

    def __init__(self, ledger: Ledger[OperationT]) -> None:
        of = ledger.operations
        # A class that is known at run time only cannot be a type argument for type checkers.
        self.post_request: type[PostRequest[OperationT]] = PostRequest[of]  # type: ignore[valid-type]
        self.batch_request: type[BatchRequest[OperationT]] = BatchRequest[of]  # type: ignore[valid-type]
        self.entry: type[EntryModel[OperationT]] = EntryModel[of]  # type: ignore[valid-type]
        self.posted_entry: type[PostedEntry[OperationT]] = PostedEntry[of]  # type: ignore[valid-type]
        self.posted_batch: type[PostedBatch[OperationT]] = PostedBatch[of]  # type: ignore[valid-type]
        self.entry_result: type[EntryResult[OperationT]] = EntryResult[of]  # type: ignore[valid-type]
        self.batch_result: type[BatchResult[OperationT]] = BatchResult[of]  # type: ignore[valid-type]
        self.duplicate: type[DuplicateNonce[OperationT]] = DuplicateNonce[of]  # type: ignore[valid-type]
        self.duplicate_in_batch: type[DuplicateNonceInBatch[OperationT]] = DuplicateNonceInBatch[of]  # type: ignore[valid-type]
