"""Finds the methods of a path, for `OPTIONS` and for the `Allow` header of a 405."""

from fastapi import Request
from starlette.routing import Match

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def allowed_methods(request: Request) -> str:
    """Returns the methods of the request's path, as in an `Allow` header.

    Starlette names those of one route only, but a path can have several: `/ledger/batch` is the
    path of the owner `batch`, too.
    """
    allowed = ["OPTIONS"]
    for method in _METHODS:
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes):
            allowed += ["GET", "HEAD"] if method == "GET" else [method]
    return ", ".join(allowed)
