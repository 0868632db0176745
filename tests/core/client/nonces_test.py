"""Nonces that the client makes."""

import time
from uuid import UUID

from core.client.nonces import new_nonce


def test_nonces_are_version_7_uuids_in_the_order_of_time() -> None:
    before = time.time_ns() // 1_000_000
    nonces = [new_nonce() for _ in range(1000)]
    after = time.time_ns() // 1_000_000
    assert len(set(nonces)) == 1000
    for nonce in map(UUID, nonces):
        assert nonce.version == 7 and nonce.variant == "specified in RFC 4122"
        assert before <= nonce.int >> 80 <= after
