"""Connects to PostgreSQL with the session settings that the ledger's guarantees depend on."""

import re
from collections.abc import Mapping
from typing import Any

import psycopg2
from psycopg2.extensions import parse_dsn
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, event

from core.ledgers.errors import ConfigurationError

_SCHEME = re.compile(r"^postgres(ql)?(\+\w+)?://")
_UNKNOWN_PARAMETER = re.compile(r"invalid URI query parameter: \"(\w+)\"")
_WRITABLE = ("any", "primary", "read-write")

# A PostgreSQL session defaults to what its server, role, database or client's environment says.
# A post must not depend on that. standard_conforming_strings stays, because psycopg2 quotes strings
# by the value that it had when the connection was opened.
_INDEPENDENT = {
    "timezone": "UTC",
    "datestyle": "ISO",
    # After waiting for a lock, the store must see what the previous holder committed. At a stricter
    # level the transaction would fail instead.
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
}
# Off, it would let a crash lose acknowledged posts. All other values are left as they are.
_COMMIT_TO_DISK = """
SELECT pg_catalog.set_config(
  'synchronous_commit', CASE setting WHEN 'off' THEN 'on' ELSE setting END, {local}
)
FROM pg_catalog.current_setting('synchronous_commit') AS setting;
"""


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
    parameters = libpq_parameters(url, statement_timeout=statement_timeout)
    settings = session_settings(statement_timeout=statement_timeout, lock_timeout=lock_timeout)
    engine = create_engine(
        "postgresql+psycopg2://",
        use_native_hstore=False,  # which would cost a query
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        isolation_level="READ COMMITTED",
        connect_args={**parameters, "connect_timeout": max(1, round(connect_timeout))},
    )

    @event.listens_for(engine, "connect", insert=True)
    def prepare(connection: Any, _: object) -> None:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(setting_statements(settings))
            if unlimited := unlimited_transaction(connection.server_version, "SESSION"):
                cursor.execute(unlimited)
        connection.autocommit = False

    return engine


def unlimited_transaction(server_version: int, scope: str) -> str:
    """Returns the statement that lets a transaction take any time; "" if none can have a limit."""
    return f"SET {scope} transaction_timeout = 0;" if server_version >= 170000 else ""


def libpq_parameters(url: SecretStr, *, statement_timeout: float) -> dict[str, Any]:
    """Returns the parameters with which psycopg2 connects to the database at `url`.

    It sends no `options` of ours, which a connection pooler would refuse: session_settings has
    what they would say.

    Raises ConfigurationError if `url` is not a PostgreSQL URL, or cannot be supported.
    """
    plain = url.get_secret_value().strip()
    if not _SCHEME.match(plain):
        raise ConfigurationError("The database URL must begin with postgresql://")
    try:
        target: dict[str, str] = parse_dsn(_SCHEME.sub("postgresql://", plain))
    except psycopg2.ProgrammingError as error:  # whose message may contain the password
        if unknown := _UNKNOWN_PARAMETER.search(str(error)):
            raise ConfigurationError(
                f"The database URL has the parameter {unknown[1]!r}, which libpq does not have: "
                "remove it, or use libpq's name for it"
            ) from None
        raise _malformed() from None
    _check(target)
    return {
        **_address_defaults(target),
        "target_session_attrs": "primary",
        # A host that has died is noticed after a minute, also by an idle connection, and a
        # firewall does not forget the connection.
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": round(1000 * statement_timeout),
        **target,
        "client_encoding": "UTF8",
    }


def session_settings(*, statement_timeout: float, lock_timeout: float) -> dict[str, str]:
    """Returns the settings of every session, by name. Timeouts are in seconds."""
    return {
        **_INDEPENDENT,
        "statement_timeout": f"{statement_timeout:.3f}s",
        "lock_timeout": f"{lock_timeout:.3f}s",
        # A client that hangs in the middle of a transaction must not keep its locks.
        "idle_in_transaction_session_timeout": f"{statement_timeout:.3f}s",
    }


def setting_statements(settings: Mapping[str, str], *, local: bool = False) -> str:
    """Returns statements that apply `settings`, and commit to disk.

    They apply to the session or, if `local`, only to the transaction that they begin.
    """
    scope = "LOCAL" if local else "SESSION"
    begin = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;" if local else ""
    sets = "".join(f"SET {scope} {name} = '{value}';" for name, value in settings.items())
    return begin + sets + _COMMIT_TO_DISK.format(local=str(local).lower())


def _address_defaults(target: Mapping[str, str]) -> dict[str, str]:
    """Returns what keeps PGHOSTADDR and PGPORT from leading elsewhere than to the URL's host.

    libpq looks in a service file and in the environment only for what is not given.
    """
    names_a_host = target.get("host") or target.get("hostaddr")
    return {"hostaddr": "", "port": "5432"} if names_a_host and "service" not in target else {}


def _check(target: Mapping[str, str]) -> None:
    """Refuses what would fail later, with a message that could contain a part of the password."""
    hosts, ports = target.get("host", ""), target.get("port", "")
    if any("@" in host[1:] for host in hosts.split(",") if not host.startswith("/")):
        raise _malformed()
    if any(port and not port.isdecimal() for port in ports.split(",")):
        raise _malformed()
    attributes = target.get("target_session_attrs", "any")
    if attributes not in _WRITABLE:
        raise ConfigurationError(
            f"The database URL asks for target_session_attrs={attributes}, but a ledger needs a "
            "server that accepts writes: remove it"
        )


def _malformed() -> ConfigurationError:
    return ConfigurationError(
        "The database URL is not of the form postgresql://user:password@host:port/database, in "
        "which special characters of the user and the password are percent-encoded"
    )
