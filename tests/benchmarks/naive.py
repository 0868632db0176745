"""A ledger service as it is commonly written, for comparison: ORM, SUM, a transaction per request.

    python -m benchmarks.naive DATABASE_URL PORT

It is not correct: concurrent spends can overdraw an owner.
"""

import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy import DateTime, UniqueConstraint, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from sample.ledger import LEDGER
from sample.operations import SampleOperation

engine = create_engine(sys.argv[1].replace("postgresql://", "postgresql+psycopg2://"))
sessions = sessionmaker(engine)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class Entry(Base):
    __tablename__ = "naive_entry"
    __table_args__ = (UniqueConstraint("owner_id", "nonce"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    operation: Mapped[str]
    amount: Mapped[int]
    nonce: Mapped[str]
    owner_id: Mapped[str] = mapped_column(index=True)
    created_on: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class PostModel(BaseModel):
    owner_id: str
    operation: SampleOperation
    nonce: str


class EntryModel(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    operation: str
    amount: int
    nonce: str
    owner_id: str
    created_on: datetime


def session() -> Iterator[Session]:
    with sessions() as opened:
        yield opened


SessionInRequest = Annotated[Session, Depends(session)]


def balance_of(session: Session, owner_id: str) -> int:
    query = select(func.coalesce(func.sum(Entry.amount), 0)).where(Entry.owner_id == owner_id)
    return session.scalars(query).one()


@app.get("/ledger/{owner_id}")
def read_balance(owner_id: str, session: SessionInRequest) -> dict[str, str | int]:
    return {"owner_id": owner_id, "balance": balance_of(session, owner_id)}


@app.post("/ledger", status_code=201)
def post(request: PostModel, session: SessionInRequest) -> EntryModel:
    same = select(Entry).where(Entry.owner_id == request.owner_id, Entry.nonce == request.nonce)
    if session.scalars(same).first():
        raise HTTPException(409, "Duplicate transaction")
    amount = LEDGER.amount_of(request.operation)
    if balance_of(session, request.owner_id) + amount < 0:
        raise HTTPException(400, "Insufficient balance")
    entry = Entry(
        operation=request.operation.value,
        amount=amount,
        nonce=request.nonce,
        owner_id=request.owner_id,
    )
    session.add(entry)
    session.commit()
    session.refresh(entry)
    return EntryModel.model_validate(entry)


if __name__ == "__main__":
    Base.metadata.create_all(engine)
    uvicorn.run(app, port=int(sys.argv[2]), log_config=None, access_log=False)
