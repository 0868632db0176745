"""Adds the pages for people with the files that they load, under a strict content policy."""

from collections.abc import Callable, Collection, Mapping
from functools import cache
from hashlib import sha256
from pathlib import PurePath

from fastapi import FastAPI, HTTPException, Request
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


def paths_of(path: str, names: Collection[str]) -> frozenset[str]:
    """Returns the path of a page, and those of the files of these names that it loads."""
    return frozenset((path, *(f"{path}/{name}" for name in names)))


def add_page(
    app: FastAPI,
    path: str,
    page: Callable[[str], str],
    names: Collection[str],
    read_file: Callable[[str], bytes],
    headers: Mapping[str, str],
) -> None:
    """Adds `GET {path}`, which responds with a page, and `GET {path}/{file}` for its files.

    `page` takes the relative URL of the service's root, as seen from the page. `read_file` takes
    one of the `names`, and should return the same object each time.
    """

    async def read_page(request: Request) -> Response:
        return _response(request, ".html", page(_to_root(request)).encode(), headers)

    async def read_page_file(request: Request, file: str) -> Response:
        if file not in names:
            raise HTTPException(404)
        return _response(request, PurePath(file).suffix, read_file(file), headers)

    app.add_api_route(path, read_page, methods=["GET"], include_in_schema=False)
    app.add_api_route(f"{path}/{{file}}", read_page_file, methods=["GET"], include_in_schema=False)


def _response(
    request: Request, suffix: str, content: bytes, headers: Mapping[str, str]
) -> Response:
    """Returns the content, or a 304 if the browser has this version of it already.

    A browser asks each time, so that it never mixes the files of two releases.
    """
    tag = _tag(content)
    fields = {**HARDENED, **headers, "ETag": tag, "Cache-Control": "no-cache"}
    known = request.headers.get("if-none-match", "")
    if tag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(status_code=304, headers=fields)
    return Response(content, headers=fields, media_type=_MEDIA_TYPES[suffix])


@cache
def _tag(content: bytes) -> str:
    return f'"{sha256(content).hexdigest()[:32]}"'


def _to_root(request: Request) -> str:
    """Returns the relative URL of the service's root, as seen from a page one level below it.

    It is relative, so that it is right whatever a proxy adds to or removes from the path.
    """
    raw_path: bytes = request.scope["raw_path"]
    return "../" if raw_path.endswith(b"/") else "./"
