"""Connects to PostgreSQL with the session settings that the ledger's guarantees depend on."""

import re
from typing import Any

import psycopg2
from psycopg2.extensions import parse_dsn
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError

from core.ledgers.errors import ConfigurationError

_SCHEME = re.compile(r"^postgres(ql)?(\+\w+)?://")


def connect(
    url: SecretStr,
    *,
    pool_size: int = 5,
    connect_timeout: float = 5,
    statement_timeout: float = 10,
    lock_timeout: float = 5,
) -> Engine:
    """Returns an engine for the database at `url`. It connects on first use.

    Timeouts are in seconds. `url` is a libpq URL, with or without SQLAlchemy's driver suffix.

    Raises ConfigurationError if `url` is not a PostgreSQL URL.
    """
    plain = _plain(url, "postgresql+psycopg2://")
    try:
        target = make_url(plain)
    except (ArgumentError, ValueError):  # whose messages may contain the password
        raise _unusable() from None
    return create_engine(
        target,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": max(1, round(connect_timeout)),
            **_session_parameters(statement_timeout, lock_timeout),
        },
    )


def libpq_parameters(
    url: SecretStr, *, statement_timeout: float, lock_timeout: float
) -> dict[str, Any]:
    """Returns the parameters with which psycopg2 connects to the database at `url`.

    Raises ConfigurationError if `url` is not a PostgreSQL URL.
    """
    try:
        target = parse_dsn(_plain(url, "postgresql://"))
    except psycopg2.ProgrammingError:  # whose message may contain the password
        raise _unusable() from None
    return {
        **target,
        **_session_parameters(
            statement_timeout,
            lock_timeout,
            # A prepared statement is planned once. If the tables are still empty then, the plan
            # must use the indexes nevertheless.
            plan_cache_mode="force_generic_plan",
            enable_seqscan="off",
        ),
    }


def _plain(url: SecretStr, scheme: str) -> str:
    plain = url.get_secret_value()
    if not _SCHEME.match(plain):
        raise ConfigurationError("The database URL must begin with postgresql://")
    return _SCHEME.sub(scheme, plain)


def _unusable() -> ConfigurationError:
    return ConfigurationError(
        "The database URL is not of the form postgresql://user:password@host:port/database"
    )


def _session_parameters(
    statement_timeout: float, lock_timeout: float, **more: str
) -> dict[str, Any]:
    settings = {
        "statement_timeout": f"{statement_timeout:.3f}s",
        "lock_timeout": f"{lock_timeout:.3f}s",
        # A client that hangs in the middle of a transaction must not keep its locks.
        "idle_in_transaction_session_timeout": f"{statement_timeout:.3f}s",
        "timezone": "UTC",
        # After waiting for a lock, the store must see what the previous holder committed. At a
        # stricter level, which may be the database's default, the transaction would fail instead.
        "default_transaction_isolation": r"read\ committed",
        **more,
    }
    return {
        "tcp_user_timeout": round(1000 * statement_timeout),
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
    }
