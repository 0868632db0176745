"""The plugin's error code, and error messages that are those of the library itself."""

from collections.abc import Callable
from typing import Final

from mypy.errorcodes import ErrorCode

LEDGER_OPERATION: Final = ErrorCode(
    "ledger-operation", "Check that operation enums and ledgers are valid", "Ledger"
)


def refusal(define: Callable[[], object]) -> str | None:
    """Returns the message with which the library rejects a definition, or None if it is valid.

    The plugin takes its rules from the library: it recreates a definition from the source literals,
    and reports the error that an import would raise: DefinitionError, which is a TypeError, or a
    TypeError or ValueError from the enum module.
    """
    try:
        define()
    except (TypeError, ValueError) as error:
        return str(error)
    return None
