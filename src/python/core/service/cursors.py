"""The text of a cursor: where a page begins, and the selection of entries that it is a page of.

The checksum detects mistakes, such as the cursor of another owner. It is not a security measure,
and none is needed: a forged cursor gives access only to entries that its sender can read anyway,
and shows wrong balances.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from hashlib import blake2b

from pydantic import BaseModel, Field

from core.ledgers.errors import InvalidCursor
from core.ledgers.history import Order, Place, Selection
from core.ledgers.ledger import Ledger
from core.ledgers.operations import OperationT

_CHECKSUM_BYTES = 8
_MAX_BIGINT = 2**63 - 1


class _Contents(BaseModel):
    position: int = Field(ge=0, le=_MAX_BIGINT)
    balance: int = Field(ge=-_MAX_BIGINT, le=_MAX_BIGINT)  # negative if the books are wrong
    order: Order
    operations: list[str] = []
    since: datetime | None = None
    until: datetime | None = None


def cursor(
    ledger: Ledger[OperationT], owner_id: str, selection: Selection[OperationT], place: Place
) -> str:
    """Returns the text with which the owner's entries of the selection can be read from `place`."""
    contents = _Contents(
        position=place.position,
        balance=place.balance,
        order=selection.order,
        operations=[operation.value for operation in selection.operations],
        since=selection.since,
        until=selection.until,
    )
    encoded = contents.model_dump_json(exclude_defaults=True).encode()
    return _text(_checksum(ledger.name, owner_id, encoded) + encoded)


def read_cursor(
    ledger: Ledger[OperationT], owner_id: str, text: str
) -> tuple[Selection[OperationT], Place]:
    """Returns what `cursor` was called with. Raises InvalidCursor if it did not return `text`."""
    try:
        decoded = urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
        checksum, encoded = decoded[:_CHECKSUM_BYTES], decoded[_CHECKSUM_BYTES:]
        # Base64 ignores some changes, so that several texts mean the same.
        if _text(decoded) != text or _checksum(ledger.name, owner_id, encoded) != checksum:
            raise ValueError(text)
        contents = _Contents.model_validate_json(encoded)
        operations = tuple(map(ledger.operations, contents.operations))
    except ValueError:
        raise InvalidCursor(
            "The cursor is not valid for this owner: use a page's `next` as it is, or begin "
            "without a cursor"
        ) from None
    selection = Selection(contents.order, operations, contents.since, contents.until)
    return selection, Place(contents.position, contents.balance)


def _text(contents: bytes) -> str:
    return urlsafe_b64encode(contents).decode().rstrip("=")


def _checksum(ledger: str, owner_id: str, contents: bytes) -> bytes:
    owner = json.dumps([ledger, owner_id]).encode()
    return blake2b(owner + contents, digest_size=_CHECKSUM_BYTES).digest()
