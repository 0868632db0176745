"""Classifies PostgreSQL errors by SQLSTATE. No other module interprets these codes.

They are listed at https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from sqlalchemy.exc import DBAPIError

LOCK_TIMEOUT = "55P03"  # lock_not_available
STATEMENT_TIMEOUT = "57014"  # query_canceled
# invalid_sql_statement_name, and feature_not_supported: "cached plan must not change result type"
_UNUSABLE_STATEMENT = ("26000", "0A000")
_UNKNOWN_ENUM_VALUE = "22P02"  # invalid_text_representation
_ROLLED_BACK = "40"  # class: transaction rollback (deadlocks, serialization failures)
_REFUSED = ("22", "23", "P0")  # classes: data exception, constraint violation, PL/pgSQL error


def sqlstate_of(error: Exception) -> str:
    """Returns the SQLSTATE of a psycopg2 or SQLAlchemy error; empty if PostgreSQL sent none."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "pgcode", None) or ""


def is_lock_timeout(error: Exception) -> bool:
    """Whether a statement waited for a lock for longer than `lock_timeout`."""
    return sqlstate_of(error) == LOCK_TIMEOUT


def was_rolled_back(error: Exception) -> bool:
    """Whether PostgreSQL rolled the transaction back, and a retry may succeed."""
    return sqlstate_of(error).startswith(_ROLLED_BACK)


def is_unknown_operation(error: Exception) -> bool:
    """Whether an operation is missing from the database's enum type."""
    return sqlstate_of(error) == _UNKNOWN_ENUM_VALUE


def is_refusal(error: Exception) -> bool:
    """Whether PostgreSQL rejected the data itself, which retrying cannot fix."""
    return sqlstate_of(error).startswith(_REFUSED)


def may_be_decided(error: Exception) -> bool:
    """Whether a group that one statement could not post may be posted by LockDecideWrite."""
    return is_lock_timeout(error) or was_rolled_back(error) or is_refusal(error)


def is_unusable_statement(error: Exception) -> bool:
    """Whether a prepared statement is unknown to the connection, or does not fit the tables."""
    return sqlstate_of(error) in _UNUSABLE_STATEMENT
