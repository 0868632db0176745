"""`checked_app_name`, with which BUILD files refuse the name of an app that cannot work.

The rules and the message are those of `Ledger`, in core/ledgers/ledger.py, which Pants' own Python
cannot import. A check compares them.
"""

from __future__ import annotations

import re
from keyword import iskeyword
from pathlib import PurePath

_NAME = re.compile(r"[a-z][a-z0-9_]{0,42}")
_RESERVED_NAMES = ("public", "information_schema")


def checked_app_name(name: str, folder: PurePath) -> str:
    """Returns the name. Raises ValueError if it is invalid, or is not the name of the folder."""
    if not _NAME.fullmatch(name) or name.startswith("pg_") or name in _RESERVED_NAMES:
        raise ValueError(
            f"{name!r} is not a valid ledger name, because it becomes the name of a PostgreSQL "
            "schema: use 1 to 43 characters of a-z, 0-9 and _, start with a letter but not with "
            f"pg_, and avoid the reserved names {' and '.join(_RESERVED_NAMES)}"
        )
    if iskeyword(name):
        raise ValueError(
            f"{name!r} is not a valid ledger name, because it is a keyword of Python, so the "
            f"package apps.{name} could not be imported: choose another name, such as {name}_app"
        )
    if name != folder.name:
        raise ValueError(
            f"{folder}/BUILD names the app {name!r}: the name must be that of the folder, "
            f"{folder.name!r}"
        )
    return name
