"""The page at `/`, which links to the pages that a person may want to open first."""

from html import escape

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.routing import Match

from core.service.page_files import HARDENED, content_policy

_PAGES = {
    "/console": "an owner's balance, entries and limits",
    "/docs": "how to use the API",
    "/healthz": "whether the process responds",
    "/readyz": "whether the next post can succeed",
    "/metrics": "what the service counts and measures",
}
_HEADERS = {**HARDENED, **content_policy()}


def add_start_page(app: FastAPI, ledger_name: str) -> None:
    """Adds `GET /`. It links to those of the pages that the application has."""

    async def start_page(request: Request) -> HTMLResponse:
        prefix = request.scope.get("root_path", "")
        links = "\n".join(
            f'<li><a href="{escape(prefix + path)}">{path}</a>: {content}</li>'
            for path, content in _PAGES.items()
            if _exists(request, prefix + path)
        )
        title = f"The {escape(ledger_name)} ledger"
        page = (
            f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
            f"<title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>\n{links}\n</ul>\n"
            "</body>\n</html>\n"
        )
        return HTMLResponse(page, headers=_HEADERS)

    app.add_api_route("/", start_page, methods=["GET"], include_in_schema=False)


def _exists(request: Request, path: str) -> bool:
    scope = {**request.scope, "path": path}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes)
