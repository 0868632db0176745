"""Responses with the files of the pages for people, under a strict content policy."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import PurePath

from fastapi import Request
from starlette.responses import Response

HARDENED = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}

_MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


def content_policy(**sources: str) -> dict[str, str]:
    """Returns the header that forbids a page everything but these sources, such as `script_src`."""
    allowed = "".join(f"{name.replace('_', '-')} {value}; " for name, value in sources.items())
    rest = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return {"Content-Security-Policy": f"default-src 'none'; {allowed}{rest}"}


def file_response(
    request: Request, name: str, content: bytes, headers: Mapping[str, str]
) -> Response:
    """Returns the file, or a 304 if the browser has this version of it already.

    A browser asks each time, so that it never mixes the files of two releases.
    """
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    fields = {**HARDENED, **headers, "ETag": tag, "Cache-Control": "no-cache"}
    known = request.headers.get("if-none-match", "")
    if tag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(status_code=304, headers=fields)
    return Response(content, headers=fields, media_type=_MEDIA_TYPES[PurePath(name).suffix])


def to_root(request: Request) -> str:
    """Returns the relative URL of the service's root, as seen from a page one level below it.

    It is relative, so that it is right whatever a proxy adds to or removes from the path.
    """
    raw_path: bytes = request.scope["raw_path"]
    return "../" if raw_path.endswith(b"/") else "./"
