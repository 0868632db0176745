"""Waits for a condition that another thread or process makes true, not for a fixed time."""

import time
from collections.abc import Callable

_SECONDS = 60


def until(condition: Callable[[], object], message: str) -> None:
    """Waits until `condition` is true. Fails with `message` if that takes too long."""
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.02)
