"""Specializes the schemas for a ledger's own enum, for FastAPI to validate and document."""

from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel

from core.ledgers.ledger import Ledger
from core.ledgers.operations import BaseLedgerOperation, OperationT
from core.ledgers.schemas import (
    BatchRequest,
    EntryModel,
    HistoryEntry,
    OwnerEntry,
    OwnerHistory,
    OwnerLimits,
    PostedBatch,
    PostedEntry,
    PostRequest,
    UsedLimit,
)
from core.service.history_query import HistoryQuery
from core.service.problems import (
    BalanceLimit,
    BatchAlreadyPosted,
    DuplicateNonce,
    DuplicateNonceInBatch,
    InsufficientBalance,
    OperationLimit,
    OperationLimitInBatch,
    Problem,
)

SchemaT = TypeVar("SchemaT", bound=BaseModel)


class EntryResult(BaseModel, Generic[OperationT]):
    """The status and body that `POST /ledger` would have returned for an entry."""

    status: int
    body: (
        PostedEntry[OperationT]
        | DuplicateNonce[OperationT]
        | OperationLimit[OperationT]
        | InsufficientBalance
        | BalanceLimit
        | Problem
    )


class BatchResult(BaseModel, Generic[OperationT]):
    """The outcome of each entry, in the order of the request."""

    outcomes: list[EntryResult[OperationT]]


class LedgerSchemas(Generic[OperationT]):
    """The schemas, with the ledger's enum in place of the type variable."""

    def __init__(self, ledger: Ledger[OperationT]) -> None:
        enum = ledger.operations
        self.post_request = _specialized(PostRequest[OperationT], enum)
        self.batch_request = _specialized(BatchRequest[OperationT], enum)
        self.entry = _specialized(EntryModel[OperationT], enum)
        self.posted_entry = _specialized(PostedEntry[OperationT], enum)
        self.posted_batch = _specialized(PostedBatch[OperationT], enum)
        self.entry_result = _specialized(EntryResult[OperationT], enum)
        self.batch_result = _specialized(BatchResult[OperationT], enum)
        self.duplicate = _specialized(DuplicateNonce[OperationT], enum)
        self.limit_reached = _specialized(OperationLimit[OperationT], enum)
        self.limit_in_batch = _specialized(OperationLimitInBatch[OperationT], enum)
        self.batch_already_posted = _specialized(BatchAlreadyPosted[OperationT], enum)
        self.duplicate_in_batch = _specialized(DuplicateNonceInBatch[OperationT], enum)
        self.history_query = _specialized(HistoryQuery[OperationT], enum)
        self.history_entry = _specialized(HistoryEntry[OperationT], enum)
        self.owner_entry = _specialized(OwnerEntry[OperationT], enum)
        self.owner_history = _specialized(OwnerHistory[OperationT], enum)
        self.used_limit = _specialized(UsedLimit[OperationT], enum)
        self.owner_limits = _specialized(OwnerLimits[OperationT], enum)
        self.conflict = self.duplicate | self.limit_reached
        self.conflict_of_batch = (
            self.duplicate_in_batch | self.batch_already_posted | self.limit_in_batch
        )


def _specialized(schema: type[SchemaT], enum: type[BaseLedgerOperation]) -> type[SchemaT]:
    """Returns `schema[enum]`, which type checkers reject because `enum` is a variable."""
    specialized: Any = schema.__class_getitem__(enum)
    return cast(type[SchemaT], specialized)
