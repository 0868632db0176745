"""Places the files of a new app in the workspace: all of them or, after any failure, none."""

import os
import re
import tempfile
from contextlib import ExitStack
from pathlib import Path

from core.ledgers.errors import DefinitionError
from core.new_app.definition import NewApp
from core.new_app.own_lock import own_lock

DEPLOYMENT = ".github/workflows/deploy.yml"
REQUIREMENTS = "3rdparty/python/requirements.txt"

_FOLDERS = ("src/python/apps", "alembic", "tests/apps")
# Folders whose subfolders and modules can be imported by their names alone, as alembic/<app> can.
_SOURCE_ROOTS = ("src/python", "tests", "alembic", "pants-plugins")
# The step that migrates, and the variables that it has.
_MIGRATING = re.compile(
    r"^ *- run: \./pants \$AFFECTED migrate(?: --\S+)*\n"
    r"(?P<env>^ *env:\n)(?P<urls>(?:^ *\w+_URL: .*\n)*)",
    re.MULTILINE,
)


def place(app: NewApp, workspace: Path, *, with_own_lock: bool = False) -> bool:
    """Writes the app's files, and adds its database to the job that deploys.

    Returns whether that job was found. Raises DefinitionError if there is something of that name
    already. An exception, KeyboardInterrupt for one, undoes what has been done.
    """
    _check_is_free(app, workspace)
    changed = own_lock(app.name, workspace) if with_own_lock else {}
    deployment = _with_database_of(app.name, workspace / DEPLOYMENT)
    if deployment is not None:
        changed[DEPLOYMENT] = deployment
    # In the workspace, because a folder can be moved only within one file system.
    with (
        tempfile.TemporaryDirectory(prefix=".new-app-", dir=workspace) as folder,
        ExitStack() as undo,
    ):
        staged = Path(folder)
        for name, text in app.files.items():
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            (staged / name).write_text(text)
        for name in _places(app.name):
            (workspace / name).parent.mkdir(parents=True, exist_ok=True)
            undo.callback(_move_back, workspace / name, staged / name)
            os.rename(staged / name, workspace / name)
        for name, text in changed.items():
            path = workspace / name
            undo.callback(_restore, path, path.read_text() if path.exists() else None)
            path.write_text(text)
        undo.pop_all()
    return deployment is not None


def _places(app: str) -> list[str]:
    documents = [f"docs/{kind}/{app}.json" for kind in ("openapi", "operations")]
    return [*(f"{folder}/{app}" for folder in _FOLDERS), *documents]


def _move_back(placed: Path, staged: Path) -> None:
    if placed.exists():
        os.rename(placed, staged)


def _restore(path: Path, former: str | None) -> None:
    if former is None:
        path.unlink(missing_ok=True)
    else:
        path.write_text(former)


def _check_is_free(app: NewApp, workspace: Path) -> None:
    modules = [f"{root}/{app.name}" for root in (*_SOURCE_ROOTS, *_FOLDERS)]
    for name in [*_places(app.name), *modules, *(f"{module}.py" for module in modules)]:
        if (workspace / name).exists():
            raise DefinitionError(f"{name} exists already: choose another name, or delete it first")
    requirements = (workspace / REQUIREMENTS).read_text()
    if re.search(rf"^{app.name}\b", requirements.replace("-", "_"), re.MULTILINE):
        raise DefinitionError(
            f"{app.name!r} is a package in {REQUIREMENTS}, and isort would take its imports for "
            "those of the app: choose another name"
        )


def _with_database_of(app: str, deployment: Path) -> str | None:
    """Returns deploy.yml with the app's database, or None if that is for people to add."""
    text = deployment.read_text() if deployment.exists() else ""
    found = _MIGRATING.search(text)
    if found is None:
        return None
    variable = f"{app.upper()}_DATABASE_URL"
    indent = " " * (found["env"].index("e") + 2)
    line = f"{indent}{variable}: ${{{{ secrets.{variable} }}}}\n"
    urls = sorted({*found["urls"].splitlines(keepends=True), line})
    return text[: found.start("urls")] + "".join(urls) + text[found.end("urls") :]
