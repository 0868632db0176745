"""The SQLAlchemy models. Every ledger has the same tables, in a schema of its own."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Generic

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    DateTime,
    Enum,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    String,
    UniqueConstraint,
    event,
    func,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem

from core.ledgers.append_only import make_append_only
from core.ledgers.identifiers import MAX_LENGTH, UNREADABLE_OWNERS
from core.ledgers.ledger import Ledger
from core.ledgers.operations import BaseLedgerOperation, OperationT

# Migrations refer to constraints by name, so the names must be predictable:
# https://alembic.sqlalchemy.org/en/latest/naming.html
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

OPERATION_TYPE = "ledger_operation"
HISTORY_INDEX = "ix_ledger_entry_owner_id_id"

# Collation "C" sorts by bytes. Owners must be locked in the same order on every server. Also, an
# index that uses a locale's collation can be corrupted by an update of that locale.
_IDENTIFIER = String(MAX_LENGTH, collation="C")

_READABLE = f"owner_id NOT IN ({', '.join(repr(owner) for owner in ('', *UNREADABLE_OWNERS))})"


class LedgerEntry(Generic[OperationT]):
    """An entry of the ledger. Entries are never updated or deleted."""

    __tablename__ = "ledger_entry"

    # By default, a mixin's columns come after those of the subclass, here the operation;
    # sort_order puts the id first.
    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, sort_order=-2
    )
    operation: Mapped[OperationT]  # each ledger has its own enum type: see _models_of
    amount: Mapped[int]
    nonce: Mapped[str] = mapped_column(_IDENTIFIER)
    owner_id: Mapped[str] = mapped_column(_IDENTIFIER)
    # Not now(), which is the start of the transaction. An owner's entries are inserted while the
    # owner is locked, so clock_timestamp() puts them in the same order as their ids.
    created_on: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.clock_timestamp()
    )

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[SchemaItem, ...]:
        return (
            UniqueConstraint("owner_id", "nonce"),
            # For pages of an owner's entries, and the sum of the amounts after one of them.
            Index(HISTORY_INDEX, "owner_id", "id", postgresql_include=["amount"]),
            CheckConstraint(_READABLE, name="owner_id_readable"),
            CheckConstraint("nonce <> ''", name="nonce_not_empty"),
        )


class LedgerBalance:
    """An owner's balance: the sum of the amounts of its entries. Posting locks this row."""

    __tablename__ = "ledger_balance"
    __table_args__ = (
        CheckConstraint("balance >= 0", name="no_overdraft"),
        CheckConstraint(_READABLE, name="owner_id_readable"),
    )

    owner_id: Mapped[str] = mapped_column(_IDENTIFIER, primary_key=True)
    balance: Mapped[int] = mapped_column(BigInteger)


class LedgerLimitUse:
    """An entry that counts towards a limit: the owner's use `number` of `allowed` in the period.

    `period` names the calendar period, such as 2026-11-25, so that a date in another time zone is
    the same one. The primary key allows each number once.
    """

    __tablename__ = "ledger_limit_use"

    owner_id: Mapped[str] = mapped_column(_IDENTIFIER, primary_key=True)
    # Text, because a migration could not replace the enum type while two columns use it.
    operation: Mapped[str] = mapped_column(String(63, collation="C"), primary_key=True)
    period: Mapped[str] = mapped_column(String(20, collation="C"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    allowed: Mapped[int]
    entry_id: Mapped[int]  # of an entry in the same schema: see _models_of

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[SchemaItem, ...]:
        return (
            UniqueConstraint("entry_id"),
            CheckConstraint("number BETWEEN 1 AND allowed", name="within_limit"),
        )


class LedgerModels(Generic[OperationT]):
    """A ledger's mapped classes, and the MetaData that Alembic compares its schema with."""

    def __init__(
        self,
        metadata: MetaData,
        entry: type[LedgerEntry[OperationT]],
        balance: type[LedgerBalance],
        limit_use: type[LedgerLimitUse],
    ) -> None:
        self.metadata = metadata
        self.entry = entry
        self.balance = balance
        self.limit_use = limit_use


def models_of(ledger: Ledger[OperationT]) -> LedgerModels[OperationT]:
    """Returns the models of `ledger`; every call returns the same object."""
    # lru_cache does not preserve the type variable, so the result is annotated here.
    models: LedgerModels[OperationT] = _models_of(ledger)
    return models


def _values(operations: Iterable[BaseLedgerOperation]) -> list[str]:
    return [operation.value for operation in operations]


@lru_cache(maxsize=None)
def _models_of(ledger: Ledger[OperationT]) -> LedgerModels[OperationT]:
    class Base(DeclarativeBase):
        metadata = MetaData(schema=ledger.name, naming_convention=NAMING_CONVENTION)

    # pyright wrongly treats a class in a generic function as generic.
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

    class LimitUse(LedgerLimitUse, Base):
        entry_id: Mapped[int] = mapped_column(ForeignKey(Entry.id), sort_order=1)

    for statement in make_append_only(ledger.name):
        ddl = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]  # SQLAlchemy's
        event.listen(Base.metadata, "after_create", ddl)
    return LedgerModels(Base.metadata, Entry, Balance, LimitUse)
