"""What the plugin says: under one error code, and in the library's own words."""

from collections.abc import Callable
from typing import Final

from mypy.errorcodes import ErrorCode

LEDGER_OPERATION: Final = ErrorCode(
    "ledger-operation", "Check that operations and amounts keep the ledger's contract", "Ledger"
)


def refusal(define: Callable[[], object]) -> str | None:
    """Why the library refuses a definition, or None when it does not.

    The plugin has no rules of its own: it makes the definition that it reads in the source, from
    the literals in it, and reports what an import would raise. DefinitionError is a TypeError; enum
    itself raises the other one.
    """
    try:
        define()
    except (TypeError, ValueError) as error:
        return str(error)
    return None
