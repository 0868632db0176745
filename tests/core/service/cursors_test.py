"""A cursor means one owner, selection and place, and any change of its text is noticed."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timezone
from string import printable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ledgers.errors import InvalidCursor
from core.ledgers.history import Place, Selection
from core.ledgers.ledger import Ledger
from core.service.cursors import cursor, read_cursor
from sample.ledger import LEDGER
from sample.operations import SampleOperation as Operation

OTHER = Ledger(name="other", operations=Operation, amounts={Operation.BOOKING_REWARD: 5})
NOON = datetime(2026, 11, 25, 12, 0, 0, 1, tzinfo=timezone.utc)
SELECTION = Selection("asc", (Operation.CREDIT_ADD, Operation.BOOKING_REWARD), NOON, NOON)
TEXT = cursor(LEDGER, "ann", SELECTION, Place(7, 30))

TIMES = st.none() | st.datetimes(timezones=st.just(timezone.utc))
SELECTIONS = st.builds(
    Selection[Operation],
    st.sampled_from(("asc", "desc")),
    st.lists(st.sampled_from(list(Operation))).map(tuple),
    TIMES,
    TIMES,
)
BIGINTS = st.integers(0, 2**63 - 1)


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1), SELECTIONS, st.builds(Place, BIGINTS, BIGINTS))
def test_it_is_read_as_it_was_written(
    owner_id: str, selection: Selection[Operation], place: Place
) -> None:
    owner_id = owner_id.encode(errors="replace").decode()
    text = cursor(LEDGER, owner_id, selection, place)
    assert text.isascii() and text.replace("-", "").replace("_", "").isalnum()
    assert read_cursor(LEDGER, owner_id, text) == (selection, place)


def test_a_change_of_any_character_is_noticed() -> None:
    for index in range(len(TEXT)):
        for character in (*printable, "\0", "é", "\udc00"):
            if character != TEXT[index]:
                with pytest.raises(InvalidCursor):
                    read_cursor(LEDGER, "ann", TEXT[:index] + character + TEXT[index + 1 :])


def test_a_change_of_any_bit_is_noticed() -> None:
    contents = bytearray(urlsafe_b64decode(TEXT + "=" * (-len(TEXT) % 4)))
    for index in range(len(contents)):
        for bit in range(8):
            contents[index] ^= 1 << bit
            changed = urlsafe_b64encode(contents).decode().rstrip("=")
            contents[index] ^= 1 << bit
            with pytest.raises(InvalidCursor):
                read_cursor(LEDGER, "ann", changed)


@pytest.mark.parametrize(
    "text", ["", "=", "AAAA", TEXT[:-1], TEXT[1:], TEXT + "A", TEXT + "=", f" {TEXT}", TEXT * 2]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        read_cursor(LEDGER, "ann", text)


@pytest.mark.parametrize("owner_id", ["ann ", "an", "bob", "Ann"])
def test_it_belongs_to_its_owner(owner_id: str) -> None:
    with pytest.raises(InvalidCursor):
        read_cursor(LEDGER, owner_id, TEXT)


def test_it_belongs_to_its_ledger() -> None:
    with pytest.raises(InvalidCursor):
        read_cursor(OTHER, "ann", TEXT)
