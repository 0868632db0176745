"""Gives a new app a lock file of its own, for versions that the other apps do not use."""

import re
from pathlib import Path

from core.ledgers.errors import DefinitionError

LOCKS = "3rdparty/python"
PRELUDE = "pants-plugins/prelude.py"
SETTINGS = "pants.toml"

_DEFAULT = f"{LOCKS}/default.lock"
_APPS = re.compile(r"^OWN_LOCK = \(([^)]*)\)$", re.MULTILINE)
_RESOLVE = re.compile(rf'^default = "{re.escape(_DEFAULT)}"\n', re.MULTILINE)


def own_lock(app: str, workspace: Path) -> dict[str, str]:
    """Returns the text of each file that the lock adds or changes, by its path in the workspace.

    The lock starts as a copy of default.lock. Raises DefinitionError if there is a lock of that
    name already, or if a file that must be changed is not as expected.
    """
    new = {
        f"{LOCKS}/{app}.txt": f"# The packages that only {app} uses, besides requirements.txt.\n",
        f"{LOCKS}/{app}.pins": f"# The versions that {app} needs, such as: pydantic<3\n",
        f"{LOCKS}/{app}.lock": (workspace / _DEFAULT).read_text(),
    }
    for name in new:
        if (workspace / name).exists():
            raise DefinitionError(f"{name} exists already: choose another name, or delete it first")
    return {**new, **_changed(app, workspace)}


def _changed(app: str, workspace: Path) -> dict[str, str]:
    prelude, settings = ((workspace / name).read_text() for name in (PRELUDE, SETTINGS))
    apps, resolve = _APPS.search(prelude), _RESOLVE.search(settings)
    if apps is None:
        raise DefinitionError(f"{PRELUDE} has no line that begins with OWN_LOCK = (")
    if resolve is None:
        raise DefinitionError(f"{SETTINGS} has no line that names {_DEFAULT}")
    names = sorted({*re.findall(r'"(\w+)"', apps[1]), app})
    listed = ", ".join(f'"{name}"' for name in names) + ("," if len(names) == 1 else "")
    line = f'{app} = "{LOCKS}/{app}.lock"\n'
    return {
        PRELUDE: f"{prelude[: apps.start()]}OWN_LOCK = ({listed}){prelude[apps.end() :]}",
        SETTINGS: f"{settings[: resolve.end()]}{line}{settings[resolve.end() :]}",
    }
