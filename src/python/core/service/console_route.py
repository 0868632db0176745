"""The route of the operator's page, `/console`, and of its files."""

from html import escape

from fastapi import FastAPI, HTTPException, Request
from starlette.responses import Response

from core.console.console_files import NAMES, console_file, console_page
from core.service.page_files import content_policy, file_response, to_root

PATH = "/console"
OPEN_PATHS = frozenset((PATH, *(f"{PATH}/{name}" for name in NAMES)))
"""The paths that need no key: the page asks for one itself, and sends it with its requests."""

_POLICY = content_policy(
    script_src="'self'", style_src="'self'", connect_src="'self'", img_src="'self'"
)


def add_console_route(app: FastAPI, ledger_name: str) -> None:
    """Adds `GET /console`, and `GET /console/{file}` for the files that it loads."""
    title = f"The {escape(ledger_name)} ledger"

    async def read_console(request: Request) -> Response:
        page = console_page(title, to_root(request))
        return file_response(request, "console.html", page.encode(), _POLICY)

    async def read_console_file(request: Request, file: str) -> Response:
        if file not in NAMES:
            raise HTTPException(404)
        return file_response(request, file, console_file(file), _POLICY)

    app.add_api_route(PATH, read_console, methods=["GET"], include_in_schema=False)
    app.add_api_route(
        f"{PATH}/{{file}}", read_console_file, methods=["GET"], include_in_schema=False
    )
