"""Converts PostgreSQL's errors to this library's."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

import psycopg2

from core.ledgers.errors import (
    DatabaseAccessDenied,
    DatabaseNotMigrated,
    DatabaseUnavailable,
    DatabaseUnreachable,
    LedgerError,
    OperationNotMigrated,
)
from core.ledgers.outcomes import OwnerBusy
from core.storage.sqlstates import (
    is_access_denied,
    is_lock_timeout,
    is_not_migrated,
    is_refusal,
    is_stale_session,
    is_unknown_operation,
    sqlstate_of,
)

# PostgreSQL gives no SQLSTATE when it refuses a connection, only a text.
_REFUSED_LOGINS = (
    "authentication failed",
    "no password supplied",
    "pg_hba.conf",
    "does not exist",  # the role or the database
    "is not permitted to log in",
    "permission denied for database",
)

log = logging.getLogger(__name__)


@contextmanager
def failures_converted(*, explain_for: str | None = None) -> Generator[None, None, None]:
    """Raises a LedgerError in place of a psycopg2.Error.

    Its message is for a client of the service; the log has the cause. With `explain_for`, the
    address of the database, it is for the service's operator: the message has the cause.

    A psycopg2.Error remains if PostgreSQL rejected a statement for a reason that is a defect.
    """
    try:
        yield
    except psycopg2.Error as error:
        converted = _converted(error)
        if converted is None:
            raise
        cause = str(error).strip()
        if explain_for is None:
            log.warning("%s: %s", converted.code, cause)
        elif type(converted) in (DatabaseUnavailable, DatabaseUnreachable):
            converted = type(converted)(connection_failure(cause, explain_for))
        raise converted from error


def connection_failure(cause: str, address: str = "") -> str:
    """Returns a message for the operator about a connection that could not be opened.

    It has the `address` unless the `cause`, libpq's text, has it.
    """
    refused = "FATAL" in cause and any(reason in cause for reason in _REFUSED_LOGINS)
    where = f"{address}: " if address and "connection to server" not in cause else ""
    return f"The database {'refuses the login' if refused else 'does not answer'}: {where}{cause}"


def _converted(error: psycopg2.Error) -> LedgerError | None:
    message = error.diag.message_primary
    if is_unknown_operation(error):
        return OperationNotMigrated(
            f"The database does not know an operation of this release ({message}): migrate it, or "
            "write a migration if none has the operation (GET /readyz says which), then try again, "
            "with the same nonce"
        )
    if is_lock_timeout(error):
        return OwnerBusy().error()
    if is_not_migrated(error):
        return DatabaseNotMigrated(
            f"The database lacks what this release needs ({message}): migrate it, then try again, "
            "with the same nonce"
        )
    if is_access_denied(error):
        return DatabaseAccessDenied(
            f"The role of the database URL may not do what the ledger needs ({message}): grant it "
            "SELECT, INSERT and UPDATE on the ledger's tables, and USAGE on their schema"
        )
    if is_refusal(error):
        return None
    if is_stale_session(error):
        return DatabaseUnreachable(
            f"The database does not accept writes now ({message}); try again, with the same nonce"
        )
    return (DatabaseUnavailable if sqlstate_of(error) else DatabaseUnreachable)(
        "The database is not available or too slow; try again, with the same nonce"
    )
