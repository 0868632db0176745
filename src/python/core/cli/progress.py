"""Shows on standard error how many entries have been read."""

import sys
import time
from collections.abc import Callable

_SECONDS = 1  # between two lines on a terminal, each of which replaces the one before
_SECONDS_IN_A_LOG = 10


class Progress:
    """Shows the progress, and at the end the total. `done` is the verb, such as "verified"."""

    def __init__(self, done: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._done = done
        self._now = now
        self._terminal = sys.stderr.isatty()
        self._interval = _SECONDS if self._terminal else _SECONDS_IN_A_LOG
        self._began = self._shown = now()
        self.entries = 0
        """How many have been read."""

    def __enter__(self) -> "Progress":
        return self

    def __call__(self, entries: int, estimate: int | None) -> None:
        self.entries = entries
        if self._now() >= self._shown + self._interval:
            self._shown = self._now()
            of = f" of about {estimate:,}" if estimate and estimate >= entries else ""
            self._show(f"{self._done} {entries:,}{of} entries", end="" if self._terminal else "\n")

    def __exit__(self, kind: type[BaseException] | None, _: object, __: object) -> None:
        if kind is None:
            seconds = self._now() - self._began
            self._show(f"{self._done} {self.entries:,} entries in {seconds:.1f} s", end="\n")
        elif self._terminal and self._shown > self._began:
            print(file=sys.stderr)  # the message has a line of its own

    def _show(self, text: str, *, end: str) -> None:
        start = "\r\x1b[K" if self._terminal else ""
        print(start + text, end=end, file=sys.stderr, flush=True)
