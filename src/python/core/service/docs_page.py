"""The page `/docs`: Swagger UI, from files of a package, so that it works without internet."""

import importlib.util
from functools import cache
from html import escape
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from starlette.responses import Response

from core.ledgers.errors import ConfigurationError
from core.service.page_files import content_policy, file_response, to_root

PATH = "/docs"

_PACKAGE = "fastapi_offline"
_OF_THE_PACKAGE = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")
_START = "start.js"
OPEN_PATHS = frozenset((PATH, f"{PATH}/{_START}", *(f"{PATH}/{name}" for name in _OF_THE_PACKAGE)))
"""The paths that need no key: they say what can be asked, but answer nothing."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="{root}docs/favicon.png">
<link rel="stylesheet" href="{root}docs/swagger-ui.css">
<script defer src="{root}docs/swagger-ui-bundle.js"></script>
<script defer src="{root}docs/start.js"></script>
</head>
<body><div id="swagger-ui" data-document="{root}openapi.json"></div></body>
</html>
"""
# A file, because the policy forbids scripts in the page.
_SCRIPT = """const element = document.getElementById("swagger-ui");
SwaggerUIBundle({
  url: new URL(element.dataset.document, location.href).href,
  domNode: element,
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
});
"""
# Swagger UI's icons are `data:` URLs.
_POLICY = content_policy(
    script_src="'self'", style_src="'self'", connect_src="'self'", img_src="'self' data:"
)


def add_docs_page(app: FastAPI) -> None:
    """Adds `GET /docs`, and `GET /docs/{file}` for the files that it loads."""

    async def read_docs(request: Request) -> Response:
        page = _PAGE.format(title=escape(f"{app.title} - Swagger UI"), root=to_root(request))
        return file_response(request, "docs.html", page.encode(), _POLICY)

    async def read_docs_file(request: Request, file: str) -> Response:
        if file == _START:
            return file_response(request, file, _SCRIPT.encode(), _POLICY)
        if file not in _OF_THE_PACKAGE:
            raise HTTPException(404)
        return file_response(request, file, _package_file(file), _POLICY)

    app.add_api_route(PATH, read_docs, methods=["GET"], include_in_schema=False)
    app.add_api_route(f"{PATH}/{{file}}", read_docs_file, methods=["GET"], include_in_schema=False)


@cache
def _package_file(name: str) -> bytes:
    """Returns a file of the package, which is found without being imported.

    Raises ConfigurationError if the package is not installed.
    """
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise ConfigurationError(f"/docs needs the files of {_PACKAGE}: install fastapi-offline")
    return (Path(package.origin).parent / "static" / name).read_bytes()
