"""The sample's service on a machine that, once, cannot start another process."""

import errno
import os
from itertools import count

from core.cli.main import main
from sample.ledger import LEDGER

WORKERS = 2

_fork = os.fork
_numbers = count(1)


def scarce_fork() -> int:
    if next(_numbers) == WORKERS + 1:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
    return _fork()


if __name__ == "__main__":
    os.fork = scarce_fork
    main(LEDGER)
