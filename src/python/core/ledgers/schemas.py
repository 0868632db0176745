"""The Pydantic models of a ledger's JSON, generic in the app's operation enum."""

from datetime import datetime
from typing import Annotated, Generic

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from core.ledgers.identifiers import MAX_LENGTH, validated_nonce, validated_owner_id
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import Entry, Posted
from core.ledgers.requests import MAX_BATCH, Batch, Post

# The lengths are documentation for OpenAPI; the validators enforce them.
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
        description="Idempotency key, unique per owner. Send the same one when you retry.",
        examples=["2f1c7c1e"],
    ),
]


class PostRequest(BaseModel, Generic[OperationT]):
    """Applies an operation to an owner, at most once per nonce. Unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore")

    owner_id: OwnerId
    operation: OperationT
    nonce: Nonce

    def to_post(self) -> Post[OperationT]:
        return Post(self.owner_id, self.operation, self.nonce)


class BatchRequest(BaseModel, Generic[OperationT]):
    """Applies operations in order, either atomically or each on its own."""

    model_config = ConfigDict(extra="ignore")

    atomic: bool = Field(
        default=True,
        description="If true, either all entries are posted or none is. If false, each entry is "
        "posted or refused on its own.",
    )
    entries: list[PostRequest[OperationT]] = Field(min_length=1, max_length=MAX_BATCH)

    _batches: list[Batch[OperationT]] = PrivateAttr()

    @model_validator(mode="after")
    def _make_batches(self) -> "BatchRequest[OperationT]":
        posts = [entry.to_post() for entry in self.entries]
        self._batches = [Batch(tuple(posts))] if self.atomic else [Batch((p,)) for p in posts]
        return self

    def to_batches(self) -> list[Batch[OperationT]]:
        """Returns one batch of all entries if `atomic`, and otherwise one batch per entry."""
        return self._batches


class EntryModel(BaseModel, Generic[OperationT]):
    """An entry of the ledger."""

    id: int
    operation: OperationT
    amount: int = Field(description="Credits added or, if negative, taken.")
    nonce: str
    owner_id: str
    created_on: datetime

    @classmethod
    def of(cls, entry: Entry[OperationT]) -> "EntryModel[OperationT]":
        return cls.model_validate(entry, from_attributes=True)


class PostedEntry(EntryModel[OperationT], Generic[OperationT]):
    """An entry that was just written, with the resulting balance."""

    balance: int = Field(description="The owner's credits after this entry.")

    @classmethod
    def of_posted(cls, posted: Posted[OperationT]) -> "PostedEntry[OperationT]":
        return cls(**vars(posted.entry), balance=posted.balance)


class PostedBatch(BaseModel, Generic[OperationT]):
    """The entries of an atomic batch, in the order of the request."""

    entries: list[PostedEntry[OperationT]]


class OwnerBalance(BaseModel):
    """An owner's balance."""

    owner_id: str
    balance: int = Field(description="Credits; 0 for an owner without entries.")
