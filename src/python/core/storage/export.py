"""Reads all entries of a ledger or of an owner, from one snapshot, each with its balance."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pydantic import SecretStr

from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.storage.event_loop_connection import Row
from core.storage.snapshot import OnProgress, no_progress, snapshot_of
from core.storage.statement_text import names_of

# The time is in RFC 3339, always with microseconds.
_ENTRIES = """
SELECT {id}, {owner_id}, {operation}::text, {amount}, {nonce},
  to_char({created_on} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
FROM {entries}
WHERE %(owner_id)s::text IS NULL OR {owner_id} = %(owner_id)s
ORDER BY {owner_id}, {id}
"""


class ExportedEntry(NamedTuple):
    """An entry, and its owner's balance after it. `created_on` is in UTC, in RFC 3339."""

    id: int
    owner_id: str
    operation: str
    amount: int
    nonce: str
    created_on: str
    balance: int


@contextmanager
def exported(
    ledger: Ledger[OperationT],
    url: SecretStr,
    *,
    owner_id: str | None = None,
    connect_timeout: float = 5,
    on_progress: OnProgress = no_progress,
) -> Generator[Iterator[ExportedEntry], None, None]:
    """Yields the entries, in the order of the owners, by code points, and of the ids.

    They are of one moment, and can be read at any pace until the end of the block.

    Raises DatabaseUnavailable if the database does not answer, and DatabaseAccessDenied if the
    role lacks a privilege. The database must be migrated.
    """
    statement = _ENTRIES.format(**names_of(ledger))
    with snapshot_of(ledger, url, connect_timeout=connect_timeout) as snapshot:
        estimate = snapshot.estimated_entries() if owner_id is None else None
        rows = snapshot.rows(
            statement, {"owner_id": owner_id}, lambda read: on_progress(read, estimate)
        )
        yield _with_balances(rows)


def _with_balances(rows: Iterator[Row]) -> Iterator[ExportedEntry]:
    owner_id, balance = None, 0
    for id_, of, operation, amount, nonce, created_on in rows:
        if of != owner_id:
            owner_id, balance = of, 0
        balance += amount
        yield ExportedEntry(id_, of, operation, amount, nonce, created_on, balance)
