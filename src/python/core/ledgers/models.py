"""The SQLAlchemy models of a ledger: the same two tables for every app, in the app's own schema."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Generic

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Constraint,
    DateTime,
    Enum,
    Identity,
    MetaData,
    String,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from core.ledgers.identifiers import MAX_LENGTH, UNREADABLE_OWNERS
from core.ledgers.ledger import Ledger
from core.ledgers.operations import BaseLedgerOperation, OperationT

# Stable names, so that a migration can name what it changes:
# https://alembic.sqlalchemy.org/en/latest/naming.html
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

OPERATION_TYPE = "ledger_operation"

# Compared and sorted byte by byte: the order in which owners are locked must be the same on every
# server, and an index in a locale's order breaks when the operating system changes that locale.
_IDENTIFIER = String(MAX_LENGTH, collation="C")

_READABLE = f"owner_id NOT IN ({', '.join(repr(owner) for owner in ('', *UNREADABLE_OWNERS))})"


class LedgerEntry(Generic[OperationT]):
    """A line of the ledger. Never updated, never deleted."""

    __tablename__ = "ledger_entry"

    # sort_order: a mixin's columns would come after the operation, which is the subclass's.
    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, sort_order=-2
    )
    operation: Mapped[OperationT]  # each ledger has its own PostgreSQL enum; see models_of
    amount: Mapped[int]
    nonce: Mapped[str] = mapped_column(_IDENTIFIER)
    owner_id: Mapped[str] = mapped_column(_IDENTIFIER)
    # Not now(), which is the transaction's start: an owner's entries are written under its lock,
    # so clock_timestamp() gives them the order of their ids.
    created_on: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.clock_timestamp()
    )

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Constraint, ...]:
        return (
            UniqueConstraint("owner_id", "nonce"),
            CheckConstraint(_READABLE, name="owner_id_readable"),
            CheckConstraint("nonce <> ''", name="nonce_not_empty"),
        )


class LedgerBalance:
    """What an owner has: the sum of its entries. This row is what a post locks."""

    __tablename__ = "ledger_balance"
    __table_args__ = (
        CheckConstraint("balance >= 0", name="no_overdraft"),
        CheckConstraint(_READABLE, name="owner_id_readable"),
    )

    owner_id: Mapped[str] = mapped_column(_IDENTIFIER, primary_key=True)
    balance: Mapped[int] = mapped_column(BigInteger)


class LedgerModels(Generic[OperationT]):
    """A ledger's mapped classes, and the MetaData that its migrations are compared with."""

    def __init__(
        self,
        metadata: MetaData,
        entry: type[LedgerEntry[OperationT]],
        balance: type[LedgerBalance],
    ) -> None:
        self.metadata = metadata
        self.entry = entry
        self.balance = balance


def models_of(ledger: Ledger[OperationT]) -> LedgerModels[OperationT]:
    """The models of `ledger`; the same ones at every call."""
    # Typed here, because lru_cache forgets what its function's type variables stand for.
    models: LedgerModels[OperationT] = _models_of(ledger)
    return models


def _values(operations: Iterable[BaseLedgerOperation]) -> list[str]:
    return [operation.value for operation in operations]


@lru_cache(maxsize=None)
def _models_of(ledger: Ledger[OperationT]) -> LedgerModels[OperationT]:
    class Base(DeclarativeBase):
        metadata = MetaData(schema=ledger.name, naming_convention=NAMING_CONVENTION)

    # pyright takes a class in a generic function for generic itself, and refuses that.
    class Entry(LedgerEntry[OperationT], Base):  # pyright: ignore[reportGeneralTypeIssues]
        operation: Mapped[OperationT] = mapped_column(
            Enum(
                ledger.operations,
                name=OPERATION_TYPE,
                inherit_schema=True,
                values_callable=_values,
            ),
            sort_order=-1,
        )

    class Balance(LedgerBalance, Base):
        pass

    return LedgerModels(Base.metadata, Entry, Balance)
