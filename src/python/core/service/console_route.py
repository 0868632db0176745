"""Serves the console, `/console`."""

from html import escape

from fastapi import FastAPI

from core.console.console_files import NAMES, console_file, console_page
from core.service.page_files import add_page, content_policy, paths_of

PATH = "/console"
OPEN_PATHS = paths_of(PATH, NAMES)
"""The paths that need no key: the page asks for one itself, and sends it with its requests."""

_POLICY = content_policy(
    script_src="'self'", style_src="'self'", connect_src="'self'", img_src="'self'"
)


def add_console_route(app: FastAPI, ledger_name: str) -> None:
    """Adds `GET /console`, and `GET /console/{file}` for the files that it loads."""
    title = f"The {escape(ledger_name)} ledger"
    add_page(app, PATH, lambda root: console_page(title, root), NAMES, console_file, _POLICY)
