"""The errors that a ledger raises: one base, stable codes, messages that say what to do next."""

from typing import ClassVar


class LedgerError(Exception):
    """Base of every error of this library. `code` is stable: programs may compare it."""

    code: ClassVar[str] = "ledger_error"


class DefinitionError(LedgerError, TypeError):
    """An app's operations, amounts or name break the contract: raised at import."""

    code = "invalid_definition"


class InvalidIdentifier(LedgerError, ValueError):
    """An `owner_id` or a nonce that a ledger cannot store, or that nobody could read back."""

    code = "invalid_identifier"


class InvalidBatch(LedgerError, ValueError):
    """Posts that can never be posted together."""

    code = "invalid_batch"


class ForeignOperation(LedgerError, ValueError):
    """An operation of another app was given to this ledger."""

    code = "foreign_operation"


class ConfigurationError(LedgerError):
    """A setting is missing or unusable: raised before anything is served."""

    code = "invalid_configuration"


class DatabaseUnavailable(LedgerError):
    """The database cannot be reached or did not answer in time. Nothing was acknowledged."""

    code = "database_unavailable"


class DatabaseNotMigrated(LedgerError):
    """The database is not at the revision that this code was written for."""

    code = "database_not_migrated"
