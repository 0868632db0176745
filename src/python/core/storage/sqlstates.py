"""What PostgreSQL's error codes mean to a ledger: the one module that reads a SQLSTATE.

The codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from sqlalchemy.exc import DBAPIError

LOCK_TIMEOUT = "55P03"  # lock_not_available
STATEMENT_TIMEOUT = "57014"  # query_canceled
_UNKNOWN_ENUM_VALUE = "22P02"  # invalid_text_representation
_ROLLED_BACK = "40"  # the class of deadlocks and serialization failures
_REFUSED = ("22", "23", "P0")  # the classes of bad values, broken constraints, raised exceptions


def sqlstate_of(error: Exception) -> str:
    """The code of an error of psycopg2's or SQLAlchemy's; empty if PostgreSQL sent none."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "pgcode", None) or ""


def is_lock_timeout(error: Exception) -> bool:
    """Whether another transaction held a lock for longer than `lock_timeout`."""
    return sqlstate_of(error) == LOCK_TIMEOUT


def was_rolled_back(error: Exception) -> bool:
    """Whether the same transaction may succeed when it is run again."""
    return sqlstate_of(error).startswith(_ROLLED_BACK)


def is_unknown_operation(error: Exception) -> bool:
    """Whether the database's enum type lacks an operation of this release."""
    return sqlstate_of(error) == _UNKNOWN_ENUM_VALUE


def is_refusal(error: Exception) -> bool:
    """Whether the database refused what the rules had allowed: a defect, not an outage."""
    return sqlstate_of(error).startswith(_REFUSED)
