"""Connects to PostgreSQL with the session settings that the ledger's guarantees depend on."""

import re

from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from core.ledgers.errors import ConfigurationError

_SCHEME = re.compile(r"^postgres(ql)?(\+\w+)?://")


def connect(
    url: SecretStr,
    *,
    pool_size: int = 5,
    pool_timeout: float = 5,
    connect_timeout: float = 5,
    statement_timeout: float = 10,
    lock_timeout: float = 5,
    autocommit: bool = False,
) -> Engine:
    """Returns an engine for the database at `url`. It connects on first use.

    Timeouts are in seconds. `url` is a libpq URL, with or without SQLAlchemy's driver suffix. With
    `autocommit`, a transaction begins and ends only where the SQL does so explicitly.

    Raises ConfigurationError if `url` is not a PostgreSQL URL.
    """
    plain = url.get_secret_value()
    if not _SCHEME.match(plain):
        raise ConfigurationError("The database URL must begin with postgresql://")
    try:
        target = make_url(_SCHEME.sub("postgresql+psycopg2://", plain))
    except (ArgumentError, ValueError):  # whose messages may contain the password
        raise ConfigurationError(
            "The database URL is not of the form postgresql://user:password@host:port/database"
        ) from None
    options = {
        "statement_timeout": f"{statement_timeout:.3f}s",
        "lock_timeout": f"{lock_timeout:.3f}s",
        # A client that hangs in the middle of a transaction must not keep its locks.
        "idle_in_transaction_session_timeout": f"{statement_timeout:.3f}s",
        "timezone": "UTC",
        # After waiting for a lock, the store must see what the previous holder committed. At a
        # stricter level, which may be the database's default, the transaction would fail instead.
        "default_transaction_isolation": r"read\ committed",
    }
    engine = create_engine(
        target,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout,
        isolation_level="AUTOCOMMIT" if autocommit else "READ COMMITTED",
        pool_reset_on_return=None if autocommit else "rollback",
        connect_args={
            "connect_timeout": max(1, round(connect_timeout)),
            "tcp_user_timeout": round(1000 * statement_timeout),
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        },
    )
    event.listen(engine, "connect", _disable_asynchronous_commit)
    return engine


def _disable_asynchronous_commit(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Overrides a database default with which a crash could lose acknowledged posts."""
    cursor = connection.cursor()
    cursor.execute(
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') = 'off'"
    )
    cursor.close()
    connection.commit()
