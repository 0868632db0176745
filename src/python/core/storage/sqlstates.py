"""Classifies PostgreSQL errors by SQLSTATE. No other module interprets these codes.

They are listed at https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from sqlalchemy.exc import DBAPIError

LOCK_TIMEOUT = "55P03"  # lock_not_available
STATEMENT_TIMEOUT = "57014"  # query_canceled
DEADLOCK = "40P01"
DEPENDENT_OBJECTS = "2BP01"  # dependent_objects_still_exist
DUPLICATE_OBJECT = "42710"
DUPLICATE_TABLE = "42P07"  # or index, view, sequence
FEATURE_NOT_SUPPORTED = "0A000"
INSUFFICIENT_PRIVILEGE = "42501"
READ_ONLY = "25006"  # read_only_sql_transaction
# invalid_sql_statement_name; feature_not_supported: "cached plan must not change result type";
# internal_error: "cache lookup failed"
_UNUSABLE_STATEMENT = ("26000", FEATURE_NOT_SUPPORTED, "XX000")
# undefined_table, undefined_column, undefined_object (a type), undefined_function (an operator),
# invalid_schema_name
_NOT_MIGRATED = ("42P01", "42703", "42704", "42883", "3F000")
_WRONG_STATE = "25"  # class: invalid transaction state, such as that of a server that is read-only
_DEFECT = "42"  # class: syntax error or access rule violation
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


def is_statement_timeout(error: Exception) -> bool:
    """Whether a statement took longer than `statement_timeout`."""
    return sqlstate_of(error) == STATEMENT_TIMEOUT


def was_rolled_back(error: Exception) -> bool:
    """Whether PostgreSQL rolled the transaction back, and a retry may succeed."""
    return sqlstate_of(error).startswith(_ROLLED_BACK)


def is_unknown_operation(error: Exception) -> bool:
    """Whether an operation is missing from the database's enum type."""
    return sqlstate_of(error) == _UNKNOWN_ENUM_VALUE


def is_not_migrated(error: Exception) -> bool:
    """Whether a table, a column or a type is missing."""
    return sqlstate_of(error) in _NOT_MIGRATED


def is_access_denied(error: Exception) -> bool:
    """Whether the role lacks a privilege."""
    return sqlstate_of(error) == INSUFFICIENT_PRIVILEGE


def is_refusal(error: Exception) -> bool:
    """Whether PostgreSQL rejected the statement or its data, which retrying cannot fix."""
    return sqlstate_of(error).startswith((*_REFUSED, _DEFECT))


def may_be_decided(error: Exception) -> bool:
    """Whether a group that one statement could not post may be posted by LockDecideWrite."""
    return (
        is_lock_timeout(error)
        or was_rolled_back(error)
        or is_refusal(error)
        or is_unusable_statement(error)
    )


def is_unusable_statement(error: Exception) -> bool:
    """Whether a prepared statement is unknown to the session, or no longer fits the schema."""
    return sqlstate_of(error) in _UNUSABLE_STATEMENT


def is_stale_session(error: Exception) -> bool:
    """Whether the session should be replaced: its server may have become a standby."""
    return sqlstate_of(error).startswith(_WRONG_STATE)
