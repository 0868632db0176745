"""The line that is logged for each request, if the operator asks for it."""

import logging
from contextvars import Context
from hashlib import sha256

from core.logs.current_requests import ServedRequest, work_for

_HASH_LENGTH = 12

log = logging.getLogger("core.access")


def log_access(request: ServedRequest, method: str, route: str, seconds: float) -> None:
    """Logs that a request was served: at `info`, or at `error` if its status is a 5xx.

    `route` is a template, in which no owner appears.
    """
    fields = {
        "method": method,
        "route": route,
        "status": request.status,
        "duration": round(seconds, 6),
        "outcome": request.outcome,
    }
    if request.key_name:
        fields["key"] = request.key_name
    if owner_id := request.owner_id or request.routed.get("path_params", {}).get("owner_id"):
        fields["owner"] = owner_hash(owner_id)
    level = logging.ERROR if request.status >= 500 else logging.INFO
    log.log(level, "request", extra={"fields": fields})


def log_refusal(request_id: str, status: int, code: str) -> None:
    """Logs that the server refused a connection, or a request before the application got it."""

    def log_it() -> None:
        work_for((ServedRequest(request_id),))
        log.info("request", extra={"fields": {"status": status, "outcome": code}})

    Context().run(log_it)


def owner_hash(owner_id: str) -> str:
    """Returns the hash that a log shows in place of an owner's id.

    Somebody who guesses an id can compute it, too, so it is a pseudonym and not a secret.
    """
    return sha256(owner_id.encode()).hexdigest()[:_HASH_LENGTH]
