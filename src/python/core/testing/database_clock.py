"""A clock that a test sets, in the database of its ledger."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime

from pydantic import SecretStr

from core.storage.connections import connect

SQL = "test_clock.now()"
"""The `clock` of a store: the SQL expression of what the clock shows."""

_CREATE = (
    "CREATE SCHEMA test_clock",
    "CREATE TABLE test_clock.clock AS SELECT clock_timestamp() AS moment",
    f"CREATE FUNCTION {SQL} RETURNS timestamptz RETURN (SELECT moment FROM test_clock.clock)",
)


class DatabaseClock:
    """Shows the same moment until it is set. `sql` is the `clock` of the stores that use it."""

    sql = SQL

    def __init__(self, url: SecretStr) -> None:
        self._engine = connect(url, pool_size=1)

    def set(self, moment: datetime) -> None:
        """Sets the clock to a moment, which must not be before the entries of an owner in use."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql("UPDATE test_clock.clock SET moment = %s", (moment,))

    def create(self, app: str) -> None:
        """Creates the clock, and gives its time to all entries of the app's ledger from now on."""
        # Entries of operations without a limit have the time of the column's default.
        default = f'ALTER TABLE "{app}".ledger_entry ALTER created_on SET DEFAULT {SQL}'
        with self._engine.begin() as connection:
            for statement in (*_CREATE, default):
                connection.exec_driver_sql(statement)

    def close(self) -> None:
        self._engine.dispose()


@contextmanager
def database_clock(url: SecretStr, app: str) -> Generator[DatabaseClock, None, None]:
    """A new clock in the database at `url`, for the app's ledger."""
    clock = DatabaseClock(url)
    clock.create(app)
    yield clock
    clock.close()
