"""Keys of the sample's service, and entries as a person would find them in it."""

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from httpx import Client
from pydantic import SecretStr

from core.keys.api_keys import new_key
from core.storage.connections import connect
from sample.operations import SampleOperation


class Key(NamedTuple):
    token: str
    line: str
    """The line of the setting API_KEYS."""


def key(*scopes: str, expires: datetime | None = None) -> Key:
    name = "-".join(scopes).replace(":", ".")[:40]
    expiry = None if expires is None else expires.isoformat()
    return Key(*new_key(name, scopes, expiry, [each.value for each in SampleOperation]))


READER = key("read")
SPENDER = key("read", "post:CREDIT_SPEND")
POSTER = key("read", "post")
EXPIRED = key("read", expires=datetime(2020, 1, 1, tzinfo=timezone.utc))
API_KEYS = SecretStr("\n".join(each.line for each in (READER, SPENDER, POSTER, EXPIRED)))


class Given(NamedTuple):
    """An entry that a test gives to an owner."""

    operation: str
    amount: int
    nonce: str
    time: datetime


FIRST = datetime(2026, 3, 1, 8, 30, tzinfo=timezone.utc)


def some_entries(count: int, *, first: datetime = FIRST) -> list[Given]:
    """Entries an hour apart whose balance goes up and down."""
    kinds = (("CREDIT_ADD", 10), ("CREDIT_SPEND", -4), ("BOOKING_REWARD", 5), ("CREDIT_SPEND", -6))
    return [
        Given(*kinds[number % 4], f"nonce-{number}", first + timedelta(hours=number))
        for number in range(count)
    ]


def give(url: SecretStr, owner_id: str, entries: Iterable[Given]) -> None:
    """Writes entries with times of the past, which the API does not allow."""
    entries = list(entries)
    engine = connect(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO sample.ledger_balance (owner_id, balance) VALUES (%s, %s)",
            (owner_id, sum(entry.amount for entry in entries)),
        )
        connection.exec_driver_sql(
            "INSERT INTO sample.ledger_entry (owner_id, operation, amount, nonce, created_on)"
            " VALUES (%s, %s, %s, %s, %s)",
            [(owner_id, *entry) for entry in entries],
        )
    engine.dispose()


def give_many(url: SecretStr, owner_id: str, count: int) -> None:
    """Writes so many entries of 1 credit, a second apart."""
    engine = connect(url, statement_timeout=600)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO sample.ledger_balance (owner_id, balance) VALUES (%s, %s)",
            (owner_id, count),
        )
        connection.exec_driver_sql(
            "INSERT INTO sample.ledger_entry (owner_id, operation, amount, nonce, created_on)"
            " SELECT %s, 'DAILY_REWARD', 1, 'n-' || n, %s + n * interval '1 second'"
            " FROM generate_series(1, %s) AS n",
            (owner_id, FIRST, count),
        )
    engine.dispose()


def client_of(address: str, key: Key) -> Client:
    headers = {"Authorization": f"Bearer {key.token}"}
    return Client(base_url=address, headers=headers, timeout=60)


def address_of(client: Client) -> str:
    """The address of the client's service, without a slash at the end."""
    return str(client.base_url).rstrip("/")
