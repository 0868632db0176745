"""The limits on connections and requests that the HTTP server enforces."""

import logging
import resource
import time
from dataclasses import dataclass, field

from core.settings.groups import ServiceSettings

MAX_HEAD_BYTES = 64 * 1024  # the longest path has an owner_id of 255 characters, 12 bytes each
# If the server closes a connection while the client is still sending, the client's system discards
# the response. So the rest of the request is read first, within these limits.
MAX_DISCARDED_BYTES = 64 * 1024 * 1024
LINGER_SECONDS = 10

# Connections over the limit get a 503, for which they need file descriptors.
_REFUSED_CONNECTIONS = 16
_OTHER_FILES = 64  # the database connections, the log, the embedded server's locks and so on
_SECONDS_BETWEEN_WARNINGS = 10

log = logging.getLogger(__name__)


@dataclass
class Limits:
    """The limits of one server. Times are in seconds."""

    keep_alive_timeout: float
    receive_timeout: float
    max_connections: int
    _warned: float = field(default=float("-inf"), init=False)

    @classmethod
    def of(cls, settings: ServiceSettings) -> "Limits":
        return cls(
            settings.keep_alive_timeout,
            settings.receive_timeout,
            _within_file_limit(settings.max_connections),
        )

    def accepts(self, open_connections: int) -> bool:
        """Whether there may be so many connections. Logs a warning from time to time if not."""
        if open_connections <= self.max_connections:
            return True
        now = time.monotonic()
        if now - self._warned >= _SECONDS_BETWEEN_WARNINGS:
            self._warned = now
            log.warning(
                "%d connections are open: refusing further ones. The limit is MAX_CONNECTIONS, "
                "or lower if the limit on open files is",
                self.max_connections,
            )
        return False

    def can_answer(self, open_connections: int) -> bool:
        """Whether a connection that is not accepted may stay open until it has its answer."""
        return open_connections <= self.max_connections + _REFUSED_CONNECTIONS


def _within_file_limit(wanted: int) -> int:
    """Raises the process's limit on open files as far as necessary and possible.

    Returns `wanted`, or as many connections as the limit allows.
    """
    others = _REFUSED_CONNECTIONS + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted + others:
        return wanted
    raised = wanted + others if hard == resource.RLIM_INFINITY else min(hard, wanted + others)
    if raised > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    allowed = max(1, raised - others)
    if allowed < wanted:
        log.warning(
            "MAX_CONNECTIONS is %d, but the limit on open files allows only %d connections: raise "
            "it with `ulimit -n`",
            wanted,
            allowed,
        )
    return min(wanted, allowed)
