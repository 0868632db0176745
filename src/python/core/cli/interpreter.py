"""Tunes the Python interpreter's garbage collection for serving."""

import gc


def tune() -> None:
    """Tunes the whole process. Call this after all imports.

    docs/performance.md has the measurements.
    """
    # Imported objects are permanent, so the collector need not traverse them. Requests leave no
    # reference cycles, but many are alive at the same time, which triggers needless collections.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
