"""The advice for a path that the service does not have, or that lacks the request's method."""

from fastapi import Request

_TWICE = "the URL of the service ends before /ledger, which this path has twice"


def not_found(request: Request) -> str:
    root, path = _root_and_path(request)
    if path.startswith("/ledger/ledger/"):
        return f"{_TWICE}; in an owner_id, percent-encode a slash as %2F"
    if path.startswith("/ledger/"):
        return "if the owner_id contains a slash, percent-encode it as %2F"
    if "/ledger/" in path or path.endswith("/ledger"):
        return "the paths of the ledger begin with /ledger: remove what this one has before it"
    return f"see {root}/docs for the paths"


def method_not_allowed(request: Request, allowed: str) -> str:
    """Returns the advice for a path whose header `Allow` is `allowed`."""
    methods = [name for name in allowed.split(", ") if name not in ("OPTIONS", "HEAD")]
    advice = f"use {' or '.join(methods)}"
    _, path = _root_and_path(request)
    return f"{advice}; {_TWICE}" if path == "/ledger/ledger" else advice


def _root_and_path(request: Request) -> tuple[str, str]:
    root: str = request.scope.get("root_path", "")
    return root, request.scope["path"].removeprefix(root)
