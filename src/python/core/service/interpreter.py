"""Sets Python up for serving: garbage collection and the change of threads, for the process."""

import gc
import sys


def tune() -> None:
    """To be called when all is imported. docs/performance.md says what it saves."""
    # What is imported stays, so no full collection need look at it. Requests leave no cycles
    # behind, but many of them are alive at a time, which looks like growth.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    # How long the thread that posts waits for the one that serves, at each step of a transaction:
    # by default 5 ms.
    sys.setswitchinterval(0.0002)
