"""Waits for what another thread or process does: for what must come true, never for a time."""

import time
from collections.abc import Callable

_SECONDS = 60


def until(condition: Callable[[], object], message: str) -> None:
    """Returns once `condition` holds; fails with `message` when that takes too long."""
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.02)
