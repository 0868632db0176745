"""What signals do to the program outside of serving, where uvicorn handles them."""

import signal
import sys


def exit_on_signals(*, status: int) -> None:
    """Exits by an exception, so that what was started is stopped, such as the embedded server."""

    def leave(_: int, __: object) -> None:
        sys.exit(status)

    def terminate(_: int, __: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    signal.signal(signal.SIGHUP, terminate)
