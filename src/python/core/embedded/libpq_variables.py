"""Hides the environment variables that would lead PostgreSQL's programs and clients elsewhere."""

import os
import re
from collections.abc import Generator
from contextlib import contextmanager

# PGHOSTADDR, PGPORT, PGOPTIONS, PGDATA and so on. An app's own variables, even those of an app
# named `pg`, have an underscore after the name.
_NAME = re.compile(r"PG[A-Z]+|PGCONNECT_TIMEOUT")


@contextmanager
def without_libpq_variables() -> Generator[None, None, None]:
    """Removes the variables until the end of the block, for this process and those it starts.

    The environment is the only place: libpq in this process reads it with getenv(3), and lets no
    connection URL override all of it.
    """
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if _NAME.fullmatch(name)}
    try:
        yield
    finally:
        os.environ.update(hidden)
