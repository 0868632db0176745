"""Reads many rows of a ledger from one snapshot, a block at a time, however long that takes."""

import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import count

import psycopg2
from psycopg2 import extensions
from pydantic import SecretStr

from core.ledgers.errors import DatabaseUnavailable
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT
from core.storage.addresses import described
from core.storage.bounded_waits import interruptible
from core.storage.connections import libpq_parameters, unlimited_transaction
from core.storage.event_loop_connection import Row
from core.storage.failures import failures_converted
from core.storage.sqlstates import is_lock_timeout
from core.storage.statement_text import names_of

OnProgress = Callable[[int, int | None], None]
"""Called with the number of entries read, and an estimate of all of them if there is one."""

LOCK_TIMEOUT = "10s"

_BLOCK = 10_000  # rows
_DEAD_HOST_TIMEOUT = 60  # seconds
# No time limits by default, because the ledger may be large or the reader of the output slow.
# LOCAL, because a pooler gives the session to other clients afterwards. Sent with BEGIN, because
# otherwise a default timeout for idle transactions could end this one before it is overridden.
_BEGIN = """
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL search_path = pg_catalog;
SET LOCAL timezone = 'UTC';
SET LOCAL lock_timeout = '{lock_timeout}';
SET LOCAL statement_timeout = '{statement_timeout:.3f}s';
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL client_connection_check_interval = '1s';
SET LOCAL cursor_tuple_fraction = 1;
"""

# `interruptible` changes how psycopg2 waits in all threads.
_one_at_a_time = threading.Lock()


def no_progress(entries: int, estimate: int | None) -> None:
    pass


class Snapshot:
    """A view of the database as it was at one moment. See `snapshot_of`."""

    def __init__(self, connection: extensions.connection, entries: str) -> None:
        """`entries` is the quoted name of the table."""
        self._connection = connection
        self._entries = entries
        self._names = (f"rows_{number}" for number in count())

    def rows(
        self,
        statement: str,
        parameters: Mapping[str, object],
        on_block: Callable[[int], None] = lambda read: None,
    ) -> Iterator[Row]:
        """Yields the rows of a query. Calls `on_block` with how many have been read so far."""
        name = next(self._names)
        with self._connection.cursor() as cursor:
            cursor.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {statement}", parameters)
            total = 0
            while block := self._fetch(cursor, name):
                total += len(block)
                on_block(total)
                yield from block
            cursor.execute(f"CLOSE {name}")

    def _fetch(self, cursor: extensions.cursor, name: str) -> list[Row]:
        cursor.execute(f"FETCH {_BLOCK} FROM {name}")
        return cursor.fetchall()

    def estimated_entries(self) -> int | None:
        """Returns PostgreSQL's estimate of the number of entries; None if it has none."""
        statement = "SELECT reltuples::bigint FROM pg_catalog.pg_class WHERE oid = %s::regclass"
        with self._connection.cursor() as cursor:
            cursor.execute(statement, (self._entries,))
            row = cursor.fetchone()
        return row[0] if row and row[0] > 0 else None


@contextmanager
def snapshot_of(
    ledger: Ledger[OperationT],
    url: SecretStr,
    *,
    connect_timeout: float,
    statement_timeout: float = 0,
) -> Generator[Snapshot, None, None]:
    """Yields a snapshot of the ledger, which stays open until the end of the block.

    Posts neither wait for it nor change what it reads. A migration that changes a table waits, and
    so does another snapshot of the same process. `statement_timeout` is in seconds; 0 is none.

    Raises DatabaseUnavailable if the database does not answer, or a migration runs for too long,
    and DatabaseAccessDenied if the role lacks a privilege.
    """
    names = names_of(ledger)
    parameters = libpq_parameters(url, statement_timeout=_DEAD_HOST_TIMEOUT)
    with _one_at_a_time, failures_converted(explain_for=described(parameters)):
        connection = psycopg2.connect(
            **parameters,
            connect_timeout=max(1, round(connect_timeout)),
        )
        with closing(connection), interruptible():
            connection.autocommit = True  # the transaction is ours: see _BEGIN
            with connection.cursor() as cursor:
                _begin(cursor, "{uses}, {entries}, {balances}".format(**names), statement_timeout)
                cursor.execute("SELECT")  # takes the snapshot
            yield Snapshot(connection, names["entries"])


def _begin(cursor: extensions.cursor, tables: str, statement_timeout: float) -> None:
    """Begins, and locks the tables against migrations before the snapshot is taken.

    A migration that rewrites a table leaves it empty for snapshots that are older.
    """
    try:
        begin = _BEGIN.format(lock_timeout=LOCK_TIMEOUT, statement_timeout=statement_timeout)
        cursor.execute(begin + unlimited_transaction(cursor.connection.server_version, "LOCAL"))
        cursor.execute(f"LOCK TABLE {tables} IN ACCESS SHARE MODE")
    except psycopg2.Error as error:
        if not is_lock_timeout(error):
            raise
        raise DatabaseUnavailable(
            "Another transaction, such as a migration, has locked the ledger's tables: try again "
            "when it has ended"
        ) from error
