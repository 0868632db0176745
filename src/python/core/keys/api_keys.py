"""API keys: makes them, parses the setting that lists their hashes, and finds a token's key."""

import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import sha256

from core.keys.scopes import checked_scopes
from core.ledgers.errors import ConfigurationError

_PREFIX = "lk_"  # lets scanners for secrets recognize a token
_SEPARATOR = re.compile(r"[\s,;]")  # in a line, or between lines
# A name is written to logs, so it must not be a token that was put in its place.
_NAME = re.compile(rf"(?!{_PREFIX})[A-Za-z0-9._-]{{1,40}}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_FORM = "NAME SCOPE[,SCOPE] sha256:HASH [EXPIRY]"


@dataclass(frozen=True)
class ApiKey:
    """A key by its hash. Two keys may have one name, so that one can replace the other."""

    name: str
    scopes: frozenset[str]
    digest: bytes
    expires: datetime | None = None


def parse_keys(text: str, operations: Collection[str]) -> list[ApiKey]:
    """Returns the keys that `text` lists, separated by semicolons or line breaks.

    `operations` are the values of the ledger's operations. Raises ConfigurationError if one of the
    keys is malformed; the message contains no part of it except a valid name.
    """
    lines = [line.strip() for line in re.split(r"[;\n]", text)]
    keys: list[ApiKey] = []
    for number, line in enumerate(filter(None, lines), 1):
        name, *rest = line.split()
        described = f"key {number}"
        if _NAME.fullmatch(name):
            described += f", {name!r},"
        try:
            keys.append(_key(name, rest, operations))
        except ConfigurationError as error:
            raise ConfigurationError(f"{described} is invalid: {error}") from None
    return keys


def _key(name: str, rest: Sequence[str], operations: Collection[str]) -> ApiKey:
    if not _NAME.fullmatch(name) or len(rest) not in (2, 3) or not _DIGEST.fullmatch(rest[1]):
        raise ConfigurationError(f"it must have the form {_FORM}, as `keys new` prints it")
    return ApiKey(
        name,
        checked_scopes(rest[0].split(","), operations),
        bytes.fromhex(rest[1].removeprefix("sha256:")),
        parse_expiry(rest[2]) if rest[2:] else None,
    )


def parse_expiry(text: str) -> datetime:
    """Parses an ISO 8601 time, or a date, which stands for its beginning in UTC.

    Raises ConfigurationError if `text` is neither.
    """
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise ConfigurationError(
            "an expiry must be a date such as 2027-01-31, or a time such as 2027-01-31T12:00Z"
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def new_key(
    name: str, scopes: Sequence[str], expiry: str | None, operations: Collection[str]
) -> tuple[str, str]:
    """Returns a new token, and the line for the setting, which has its hash only.

    Raises ConfigurationError if the name, a scope or the expiry is invalid.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} is not a name for a key; use 1 to 40 characters of A-Z, a-z, 0-9, '.', '_' "
            "and '-', and do not begin with lk_"
        )
    checked_scopes(scopes, operations)
    for scope in scopes:
        if _SEPARATOR.search(scope):
            raise ConfigurationError(
                f"{scope!r} cannot be written in the line of a key, because of its spaces, commas "
                "or semicolons; use the scope post"
            )
    if expiry is not None:
        parse_expiry(expiry)
    token = _PREFIX + secrets.token_urlsafe(32)
    parts = (name, ",".join(scopes), f"sha256:{_digest(token.encode()).hex()}", expiry)
    return token, " ".join(filter(None, parts))


class KeyRing:
    """The keys of a service."""

    def __init__(self, keys: Sequence[ApiKey]) -> None:
        self._keys = {key.digest: key for key in keys}

    def find(self, token: bytes) -> ApiKey | None:
        """Returns the key that `token` is, if there is one, even if it has expired.

        Timing reveals nothing about a key, because the look-up compares only hashes: a token that
        is nearly right has an entirely different hash.
        """
        return self._keys.get(_digest(token))


def _digest(token: bytes) -> bytes:
    # Not a slow hash: a token is 32 random bytes, which cannot be guessed from any hash.
    return sha256(token).digest()
