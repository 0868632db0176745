"""Validates `owner_id`s and nonces, with the same rules for every way into the ledger."""

from core.ledgers.errors import InvalidIdentifier

MAX_LENGTH = 255  # characters; the width of the columns

# Dot segments of a URL path: clients remove them, even percent-encoded, so the balance of such an
# owner could never be requested. https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4
UNREADABLE_OWNERS = (".", "..")


def validated_owner_id(value: str) -> str:
    """Returns `value`; raises InvalidIdentifier if it is not a valid owner_id."""
    _check("owner_id", value)
    if value in UNREADABLE_OWNERS:
        problem = f"must not be {value!r}: HTTP clients remove it from URL paths"
        raise InvalidIdentifier("owner_id", problem)
    return value


def validated_nonce(value: str) -> str:
    """Returns `value`; raises InvalidIdentifier if it is not a valid nonce."""
    _check("nonce", value)
    return value


def _check(field: str, value: object) -> None:
    if not isinstance(value, str):
        raise InvalidIdentifier(field, f"must be a string, not {value!r}")
    if not 1 <= len(value) <= MAX_LENGTH:
        problem = f"must have 1 to {MAX_LENGTH} characters, but has {len(value)}"
        raise InvalidIdentifier(field, problem)
    if "\0" in value:
        problem = "must not contain a NUL character: PostgreSQL cannot store it"
        raise InvalidIdentifier(field, problem)
    try:
        value.encode()
    except UnicodeEncodeError:
        problem = "must be Unicode text without lone surrogates"
        raise InvalidIdentifier(field, problem) from None
