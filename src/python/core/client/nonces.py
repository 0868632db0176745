"""Makes nonces: version 7 UUIDs, whose order in time keeps posting fast in a large ledger."""

import os
import time
from uuid import UUID


def new_nonce() -> str:
    """Returns a nonce that nobody else has: https://www.rfc-editor.org/rfc/rfc9562#section-5.7.

    It has 36 characters, and later ones sort after earlier ones, to the millisecond.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    bits = (milliseconds & (1 << 48) - 1) << 80 | random
    version_and_variant = (0xF << 76) | (0b11 << 62)
    return str(UUID(int=bits & ~version_and_variant | (0x7 << 76) | (0b10 << 62)))
