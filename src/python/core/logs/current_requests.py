"""The requests that the running code works for, which log lines and problem documents name."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from itertools import count
from typing import Any

# Visible ASCII characters except quotes.
_VALID_ID = re.compile(rb"[!#-&(-~]{1,128}")

# A new id is a random number of the process and the next number, which is faster than a UUID.
_process = os.urandom(6).hex()
_numbers = count()


def _rename_process() -> None:
    global _process
    _process = os.urandom(6).hex()


os.register_at_fork(after_in_child=_rename_process)


class ServedRequest:
    """A request to the service, with what is learned about it while it is served.

    `outcome` is the code of its problem, or what it did. `owner_id` is empty if it is about no
    owner, or about several. `routed` is the ASGI scope that has its route, once there is one.
    `refused` has the status and the code that the server has sent in place of the application's.
    `span` is that of its trace, if there is one.
    """

    __slots__ = ("id", "key_name", "outcome", "owner_id", "refused", "routed", "span", "status")

    def __init__(self, id_: str) -> None:
        self.id = id_
        self.key_name = ""
        self.outcome = "ok"
        self.owner_id = ""
        self.refused: tuple[int, str] | None = None
        self.routed: Mapping[str, Any] = {}
        self.span: object = None
        self.status = 0  # until it gets a response


_current: ContextVar[Sequence[ServedRequest]] = ContextVar("requests", default=())


def current_requests() -> Sequence[ServedRequest]:
    """Returns the request that is being served, or those of the group that is being processed."""
    return _current.get()


def current_request() -> ServedRequest | None:
    """Returns the request that is being served, if it is a single one."""
    requests = _current.get()
    return requests[0] if len(requests) == 1 else None


def work_for(requests: Sequence[ServedRequest]) -> None:
    """Sets the requests that the rest of the current task works for."""
    _current.set(requests)


def current_request_id() -> str:
    """Returns the id of the request that is being served; a new id if there is none."""
    request = current_request()
    return request_id([]) if request is None else request.id


def request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Returns the valid `X-Request-ID` of a request, or else a new id.

    The headers' names are in lower case, as in ASGI.
    """
    for name, value in headers:
        if name == b"x-request-id" and _VALID_ID.fullmatch(value):
            return value.decode()
    return f"{_process}-{next(_numbers)}"
