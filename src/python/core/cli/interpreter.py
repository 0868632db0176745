"""Tunes the Python interpreter for serving: garbage collection and thread switching."""

import gc
import sys


def tune() -> None:
    """Tunes the whole process. Call this after all imports.

    docs/performance.md has the measurements.
    """
    # Imported objects are permanent, so the collector need not traverse them. Requests leave no
    # reference cycles, but many are alive at the same time, which triggers needless collections.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    # The posting thread may wait this long for the event loop to release the GIL, at each step of
    # a transaction. The default is 5 ms.
    sys.setswitchinterval(0.0002)
