"""The Pydantic models of a ledger's JSON, generic in the app's operation enum."""

from datetime import datetime
from typing import Annotated, Any, Generic

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from core.ledgers.history import EntryWithBalance
from core.ledgers.identifiers import (
    MAX_LENGTH,
    UNREADABLE_OWNERS,
    validated_nonce,
    validated_owner_id,
)
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import Entry, Posted
from core.ledgers.requests import MAX_BATCH, Batch, Post

# These are documentation for OpenAPI; the validators enforce what they say.
NONCE_SCHEMA: dict[str, Any] = {
    "minLength": 1,
    "maxLength": MAX_LENGTH,
    "pattern": r"^[^\u0000]*$",  # no NUL
}
OWNER_ID_SCHEMA: dict[str, Any] = {**NONCE_SCHEMA, "not": {"enum": [*UNREADABLE_OWNERS]}}

OwnerId = Annotated[
    str,
    AfterValidator(validated_owner_id),
    Field(json_schema_extra=OWNER_ID_SCHEMA, examples=["alice"]),
]
Nonce = Annotated[
    str,
    AfterValidator(validated_nonce),
    Field(
        json_schema_extra=NONCE_SCHEMA,
        description="Idempotency key, unique per owner. Send the same one when you retry.",
        examples=["2f1c7c1e"],
    ),
]


# What Pydantic takes for a boolean, in lower case.
_TRUE: list[Any] = [True, 1, "1", "true", "t", "yes", "y", "on"]
_FALSE: list[Any] = [False, 0, "0", "false", "f", "no", "n", "off"]
_BOOLEAN: dict[str, Any] = {"anyOf": [{"type": "boolean"}, {"enum": _TRUE[1:] + _FALSE[1:]}]}


def _whole(value: Any) -> Any:
    """Converts 2.0 to an integer, because JSON Schema accepts it as one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class PostRequest(BaseModel, Generic[OperationT]):
    """Applies an operation to an owner, at most once per nonce. Unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore")

    owner_id: OwnerId
    operation: OperationT
    nonce: Nonce
    # Documented by quantities.py, for the operations that take one.
    quantity: SkipJsonSchema[Annotated[int, BeforeValidator(_whole), Field(strict=True)]] = 1

    def to_post(self) -> Post[OperationT]:
        return Post(self.owner_id, self.operation, self.nonce, self.quantity)


class BatchRequest(BaseModel, Generic[OperationT]):
    """Applies operations in order, either atomically or each on its own."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "if": {"properties": {"atomic": {"enum": _TRUE}}},
            "then": {"properties": {"entries": {"uniqueItems": True}}},
        },
    )

    atomic: Annotated[bool, WithJsonSchema(_BOOLEAN)] = Field(
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


class CurrentBalance(BaseModel):
    """An owner's balance."""

    owner_id: str
    balance: int = Field(description="Credits; 0 for an owner without entries.")


class OwnerBalance(CurrentBalance):
    """An owner's balance: the current one or, with `as_of`, that of the past."""

    as_of: datetime | SkipJsonSchema[None] = Field(
        default=None, description="The time of the balance, if the request has one."
    )
    entry_id: int | None = Field(
        default=None,
        description="With `as_of`: the owner's last entry that is not later; null without one.",
    )


class HistoryEntry(BaseModel, Generic[OperationT]):
    """An entry in an owner's history."""

    id: int
    # An operation that only a newer release has does not fit this release's schema.
    operation: OperationT | SkipJsonSchema[str]
    amount: int = Field(description="Credits added or, if negative, taken.")
    nonce: str
    created_on: datetime
    balance: int = Field(description="The owner's credits after this entry.")

    @classmethod
    def of(cls, shown: EntryWithBalance[OperationT]) -> "HistoryEntry[OperationT]":
        return cls(**vars(shown.entry), balance=shown.balance)


class OwnerEntry(HistoryEntry[OperationT], Generic[OperationT]):
    """An entry with its owner."""

    owner_id: str


class OwnerHistory(BaseModel, Generic[OperationT]):
    """A page of an owner's entries."""

    owner_id: str
    entries: list[HistoryEntry[OperationT]]
    next: str | None = Field(description="The `cursor` of the next page; null for the last page.")


class UsedLimit(BaseModel, Generic[OperationT]):
    """How often an owner has had a limited operation posted in the current period."""

    operation: OperationT
    used: int
    allowed: int = Field(description="How often it may be posted in a period, or ever.")
    resets_at: datetime | None = Field(description="The end of the period; null for none.")


class OwnerLimits(BaseModel, Generic[OperationT]):
    """Each limited operation of the ledger, in the order in which the limits are declared."""

    owner_id: str
    limits: list[UsedLimit[OperationT]]
