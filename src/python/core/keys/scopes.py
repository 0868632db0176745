"""Scopes: what a key allows. `read`, `post`, or `post:OPERATION` for one operation."""

import re
from collections.abc import Collection

from core.ledgers.errors import ConfigurationError, LedgerError

READ = "read"
POST = "post"
_ONE = f"{POST}:"
_HARMLESS = re.compile(r"[A-Za-z]{0,16}|post:[A-Z_]{0,63}|[A-Z_]{0,63}")


class MissingScope(LedgerError):
    """The key of a request does not have the scope that the request needs."""

    code = "forbidden"

    def __init__(self, key: str, scope: str) -> None:
        super().__init__(f"The key {key!r} lacks the scope {scope}: use a key that has it")


def post_scope(operation: str) -> str:
    """Returns the scope that allows posting the operation with this value."""
    return _ONE + operation


def scopes_in_words(operations: Collection[str]) -> str:
    """Returns the scopes of a ledger whose operations have these values."""
    return f"{READ}, {POST} or {', '.join(map(post_scope, operations))}"


def checked_scopes(scopes: Collection[str], operations: Collection[str]) -> frozenset[str]:
    """Returns the scopes. `operations` are the values of the ledger's operations.

    Raises ConfigurationError if there is none, or one of them does not exist.
    """
    for scope in scopes:
        operation = scope.removeprefix(_ONE)
        if scope not in (READ, POST) and (operation == scope or operation not in operations):
            # A key that was put here by mistake must not get into a log.
            shown = repr(scope) if _HARMLESS.fullmatch(scope) else "something"
            raise ConfigurationError(f"{shown} is not a scope; use {scopes_in_words(operations)}")
    if not scopes:
        raise ConfigurationError(f"a key needs a scope: use {scopes_in_words(operations)}")
    return frozenset(scopes)
