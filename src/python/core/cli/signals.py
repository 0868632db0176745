"""Handles signals outside of serving, when uvicorn does not handle them."""

import signal
import sys


def exit_on_signals(*, status: int) -> None:
    """Makes signals raise SystemExit, so that cleanup runs and stops the embedded server.

    SIGHUP stays ignored if it is: `nohup` has started the program.
    """

    def leave(_: int, __: object) -> None:
        sys.exit(status)

    def terminate(_: int, __: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, terminate)
