"""Tunes Python for serving, for the whole process: garbage collection and thread switches."""

import gc
import sys


def tune() -> None:
    """Call it once everything is imported. docs/performance.md has what it saves."""
    # Imported objects are permanent, so no full collection need look at them. Requests leave no
    # cycles behind, but many of them are alive at a time, which looks like growth.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    # How long the posting thread waits for the event loop's, at each step of a transaction: by
    # default 5 ms.
    sys.setswitchinterval(0.0002)
