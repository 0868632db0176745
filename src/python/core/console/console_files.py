"""Reads the files of the console."""

from functools import cache
from importlib.resources import files
from string import Template

NAMES = frozenset(
    (
        "console.css",
        "icon.svg",
        *("amounts.js", "api.js", "console.js", "dom.js", "finding.js", "history.js"),
        *("identifiers.js", "limits.js", "notices.js", "plot.js", "posting.js", "times.js"),
    )
)
"""The files that the page loads, from the folder `console/` beside it."""


def console_page(title: str, root: str) -> str:
    """Returns the HTML of the page. Both arguments must be escaped.

    `root` is the relative URL of the service's root, as seen from the page.
    """
    return Template(console_file("console.html").decode()).substitute(title=title, root=root)


@cache
def console_file(name: str) -> bytes:
    """Returns the content of a file, which is read from disk only once."""
    return files("core.console").joinpath(name).read_bytes()
