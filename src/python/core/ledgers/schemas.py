"""The Pydantic models of a ledger, generic in the app's enum: what goes in and out as JSON."""

from datetime import datetime
from typing import Annotated, Generic

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from core.ledgers.identifiers import MAX_LENGTH, validated_nonce, validated_owner_id
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import Entry, Posted
from core.ledgers.requests import MAX_BATCH, Batch, Post

# The lengths are for OpenAPI; the validators are the rule.
OwnerId = Annotated[
    str,
    AfterValidator(validated_owner_id),
    Field(json_schema_extra={"minLength": 1, "maxLength": MAX_LENGTH}, examples=["alice"]),
]
Nonce = Annotated[
    str,
    AfterValidator(validated_nonce),
    Field(
        json_schema_extra={"minLength": 1, "maxLength": MAX_LENGTH},
        description="Unique for the owner: send the same one again when you retry.",
        examples=["2f1c7c1e"],
    ),
]


class PostRequest(BaseModel, Generic[OperationT]):
    """Applies an operation to an owner, once for each nonce. Unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore")

    owner_id: OwnerId
    operation: OperationT
    nonce: Nonce

    def to_post(self) -> Post[OperationT]:
        return Post(self.owner_id, self.operation, self.nonce)


class BatchRequest(BaseModel, Generic[OperationT]):
    """Applies operations in order: all or, unless `atomic`, each on its own."""

    model_config = ConfigDict(extra="ignore")

    atomic: bool = Field(default=True, description="Post all of the entries, or none of them.")
    entries: list[PostRequest[OperationT]] = Field(min_length=1, max_length=MAX_BATCH)

    _batches: list[Batch[OperationT]] = PrivateAttr()

    @model_validator(mode="after")
    def _make_batches(self) -> "BatchRequest[OperationT]":
        posts = [entry.to_post() for entry in self.entries]
        self._batches = [Batch(tuple(posts))] if self.atomic else [Batch((p,)) for p in posts]
        return self

    def to_batches(self) -> list[Batch[OperationT]]:
        """One of all entries when it is atomic, else one of each."""
        return self._batches


class EntryModel(BaseModel, Generic[OperationT]):
    """A line of the ledger."""

    id: int
    operation: OperationT
    amount: int = Field(description="Credits: added, or taken when negative.")
    nonce: str
    owner_id: str
    created_on: datetime

    @classmethod
    def of(cls, entry: Entry[OperationT]) -> "EntryModel[OperationT]":
        return cls.model_validate(entry, from_attributes=True)


class PostedEntry(EntryModel[OperationT], Generic[OperationT]):
    """A line of the ledger that was just written."""

    balance: int = Field(description="The owner's credits after this entry.")

    @classmethod
    def of_posted(cls, posted: Posted[OperationT]) -> "PostedEntry[OperationT]":
        return cls(**vars(posted.entry), balance=posted.balance)


class PostedBatch(BaseModel, Generic[OperationT]):
    """The entries of an atomic batch, in the order of the request."""

    entries: list[PostedEntry[OperationT]]


class OwnerBalance(BaseModel):
    """What an owner has; 0 for an owner without entries."""

    owner_id: str
    balance: int = Field(description="Credits.")
