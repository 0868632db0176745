"""The exceptions of this library: one base class, stable codes, and actionable messages."""

from typing import ClassVar


class LedgerError(Exception):
    """Base class of every exception of this library.

    `code` is stable across releases, so programs can rely on it.
    """

    code: ClassVar[str] = "ledger_error"


class DefinitionError(LedgerError, TypeError):
    """An app's operations, amounts or ledger name are invalid. Raised at import."""

    code = "invalid_definition"


class InvalidIdentifier(LedgerError, ValueError):
    """An `owner_id` or nonce, as `field` says, cannot be stored, or cannot be used in a URL."""

    code = "invalid_identifier"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field


class InvalidBatch(LedgerError, ValueError):
    """A batch is empty, or has posts that can never be posted together."""

    code = "invalid_batch"


class InvalidQuantity(LedgerError, ValueError):
    """A quantity is not an integer from 1 to the most that its operation allows."""

    code = "invalid_quantity"


class QuantityNotAllowed(InvalidQuantity):
    """The operation has a fixed amount, so its quantity can only be 1."""

    code = "quantity_not_allowed"


class ForeignOperation(LedgerError, ValueError):
    """The operation belongs to another app's ledger."""

    code = "foreign_operation"


class InvalidCursor(LedgerError, ValueError):
    """A cursor was altered, or belongs to another owner or another selection of entries."""

    code = "invalid_cursor"


class FutureTime(LedgerError, ValueError):
    """A balance was requested as of a time that is not in the past, by the database's clock."""

    code = "future_time"


class ConfigurationError(LedgerError):
    """A setting is missing or invalid. Raised before the program starts to serve."""

    code = "invalid_configuration"


class DatabaseUnavailable(LedgerError):
    """The database cannot be reached or did not respond in time. Nothing was acknowledged."""

    code = "database_unavailable"


class DatabaseUnreachable(DatabaseUnavailable):
    """The database cannot be connected to, or has stopped answering: no request can succeed now."""


class Overloaded(DatabaseUnavailable):
    """Too many requests are waiting for the database already."""

    code = "overloaded"


class OwnerIsBusy(DatabaseUnavailable):
    """Another transaction held the lock on an owner for longer than `lock_timeout`."""

    code = "owner_busy"


class ShuttingDown(DatabaseUnavailable):
    """The service is shutting down. Another one may accept the request."""

    code = "shutting_down"


class DatabaseNotMigrated(DatabaseUnavailable):
    """The database is not at the migration revision that this release requires."""

    code = "database_not_migrated"


class OperationNotMigrated(LedgerError):
    """The database does not know the operation. It may know the operations of other requests."""

    code = "database_not_migrated"


class DatabaseAccessDenied(DatabaseUnavailable):
    """The role of the database URL may not do what the ledger needs."""

    code = "database_access_denied"
