"""The page `/docs`: Swagger UI, from files of a package, so that it works without internet."""

import importlib.util
from functools import cache
from html import escape
from pathlib import Path

from fastapi import FastAPI

from core.ledgers.errors import ConfigurationError
from core.service.page_files import add_page, content_policy, paths_of

PATH = "/docs"

_PACKAGE = "fastapi_offline"
_START = "start.js"
_NAMES = (_START, "swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")
OPEN_PATHS = paths_of(PATH, _NAMES)
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
_SCRIPT = b"""const element = document.getElementById("swagger-ui");
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
    title = escape(f"{app.title} - Swagger UI")
    add_page(app, PATH, lambda root: _PAGE.format(title=title, root=root), _NAMES, _file, _POLICY)


@cache
def _file(name: str) -> bytes:
    """Returns the script, or a file of the package, which is found without being imported.

    Raises ConfigurationError if the package is not installed.
    """
    if name == _START:
        return _SCRIPT
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise ConfigurationError(f"/docs needs the files of {_PACKAGE}: install fastapi-offline")
    return (Path(package.origin).parent / "static" / name).read_bytes()
