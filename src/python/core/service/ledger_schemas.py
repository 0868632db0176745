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
    PostedBatch,
    PostedEntry,
    PostRequest,
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
        self.post_request = specialized(PostRequest[OperationT], enum)
        self.batch_request = specialized(BatchRequest[OperationT], enum)
        self.entry = specialized(EntryModel[OperationT], enum)
        self.posted_entry = specialized(PostedEntry[OperationT], enum)
        self.posted_batch = specialized(PostedBatch[OperationT], enum)
        self.entry_result = specialized(EntryResult[OperationT], enum)
        self.batch_result = specialized(BatchResult[OperationT], enum)
        self.duplicate = specialized(DuplicateNonce[OperationT], enum)
        self.limit_reached = specialized(OperationLimit[OperationT], enum)
        self.limit_in_batch = specialized(OperationLimitInBatch[OperationT], enum)
        self.batch_already_posted = specialized(BatchAlreadyPosted[OperationT], enum)
        self.duplicate_in_batch = specialized(DuplicateNonceInBatch[OperationT], enum)
        self.history_query = specialized(HistoryQuery[OperationT], enum)
        self.history_entry = specialized(HistoryEntry[OperationT], enum)
        self.owner_entry = specialized(OwnerEntry[OperationT], enum)
        self.owner_history = specialized(OwnerHistory[OperationT], enum)
        self.conflict = self.duplicate | self.limit_reached
        self.conflict_of_batch = (
            self.duplicate_in_batch | self.batch_already_posted | self.limit_in_batch
        )


def specialized(schema: type[SchemaT], enum: type[BaseLedgerOperation]) -> type[SchemaT]:
    """Returns `schema[enum]`, which type checkers reject because `enum` is a variable."""
    specialized: Any = schema.__class_getitem__(enum)
    return cast(type[SchemaT], specialized)
