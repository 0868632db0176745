"""What an `owner_id` and a nonce may be: the one rule that every door into the ledger applies."""

from core.ledgers.errors import InvalidIdentifier

MAX_LENGTH = 255  # characters; the columns' width

# As the last segment of a URL these mean a folder: clients resolve them away, even percent-encoded,
# so an owner of that name could never be read back.
UNREADABLE_OWNERS = (".", "..")


def validated_owner_id(value: str) -> str:
    """Returns `value`, or raises InvalidIdentifier when it cannot name an owner."""
    _check("owner_id", value)
    if value in UNREADABLE_OWNERS:
        raise InvalidIdentifier(f"owner_id must not be {value!r}: no URL can name it")
    return value


def validated_nonce(value: str) -> str:
    """Returns `value`, or raises InvalidIdentifier when it cannot be a nonce."""
    _check("nonce", value)
    return value


def _check(field: str, value: str) -> None:
    if not 1 <= len(value) <= MAX_LENGTH:
        raise InvalidIdentifier(
            f"{field} must have 1 to {MAX_LENGTH} characters, it has {len(value)}"
        )
    if "\0" in value:
        raise InvalidIdentifier(f"{field} must not contain NUL: PostgreSQL cannot store it")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidIdentifier(f"{field} must be Unicode text without lone surrogates") from None
