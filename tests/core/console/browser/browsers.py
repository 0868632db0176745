"""Finds a browser and runs it: Debian's Chromium, Chrome, or the one that Playwright installs."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

HOW_TO_GET_ONE = (
    "no browser was found: run `apt-get install chromium`, or `playwright install chromium` in the "
    "environment of the tests"
)
_ON_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NoBrowser(Exception):
    """No browser was found on this machine. The message says how to install one."""


@contextmanager
def running_browser() -> Generator[Browser, None, None]:
    """A browser without a window, until the end of the block. Raises NoBrowser."""
    with sync_playwright() as playwright:
        # As root, Chromium runs only without its sandbox. It opens our own pages.
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=_executable(playwright), args=options)
        try:
            yield browser
        finally:
            browser.close()


def _executable(playwright: Playwright) -> str:
    own = playwright.chromium.executable_path
    if Path(own).exists():
        return own
    found = next(filter(None, map(shutil.which, _ON_PATH)), None)
    if found is None:
        raise NoBrowser(HOW_TO_GET_ONE)
    return found
