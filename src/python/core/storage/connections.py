"""Connects to PostgreSQL, with the settings that the ledger's guarantees rest on."""

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
    """Returns an engine for the database at `url`; it connects when it is first used.

    Times are in seconds. `url` is a libpq URL, with or without SQLAlchemy's driver suffix. With
    `autocommit`, transactions begin and end where the SQL says so, and no other way.

    Raises ConfigurationError for a URL of another kind.
    """
    plain = url.get_secret_value()
    if not _SCHEME.match(plain):
        raise ConfigurationError("The database URL must begin with postgresql://")
    try:
        target = make_url(_SCHEME.sub("postgresql+psycopg2://", plain))
    except (ArgumentError, ValueError):  # their messages would show the password
        raise ConfigurationError(
            "The database URL is not of the form postgresql://user:password@host:port/database"
        ) from None
    options = {
        "statement_timeout": f"{statement_timeout:.3f}s",
        "lock_timeout": f"{lock_timeout:.3f}s",
        # A client that stops in the middle of a transaction must not keep its locks.
        "idle_in_transaction_session_timeout": f"{statement_timeout:.3f}s",
        "timezone": "UTC",
        # The store reads what others committed while it waited for a lock. A database's own
        # default may be stricter, and would answer with serialization failures instead.
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
    event.listen(engine, "connect", _keep_what_is_acknowledged)
    return engine


def _keep_what_is_acknowledged(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Where asynchronous commit is the default, a crash would lose acknowledged posts."""
    cursor = connection.cursor()
    cursor.execute(
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') = 'off'"
    )
    cursor.close()
    connection.commit()
