"""The command `new-app`: writes an app that can be tested and run at once."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from core.ledgers.errors import DefinitionError
from core.new_app.definition import new_app
from core.new_app.placing import DEPLOYMENT, place


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the app that the command line defines. A DefinitionError ends it with a message."""
    parser = argparse.ArgumentParser(prog="new-app", description=__doc__)
    parser.add_argument("name", help="name of the app, for example shop")
    parser.add_argument(
        "operations",
        nargs="+",
        metavar="NAME=AMOUNT",
        help="an operation and the credits that it adds or takes, for example PURCHASE=-7",
    )
    parser.add_argument(
        "--class",
        dest="as_class",
        action="store_true",
        help="write the operations as a class, for editors with Pylance or pyright, rather than "
        "with extend_enum",
    )
    parser.add_argument(
        "--own-lock",
        action="store_true",
        help="give the app its own lock file, for versions of its own: see docs/monorepo.md",
    )
    given = parser.parse_args(arguments)
    try:
        app = new_app(given.name, given.operations, as_class=given.as_class)
        deploys = place(app, Path.cwd(), with_own_lock=given.own_lock)
    except DefinitionError as error:
        sys.exit(f"new-app: {error}. Nothing was written")
    print(_report(app.name, deploys))
    if given.own_lock:
        print(_report_of_lock(app.name))
    names = [word.partition("=")[0] for word in given.operations]
    if others := [name for name in names if name != name.upper()]:
        print(
            f"Note: operations are written in upper case, unlike {', '.join(others)}. Entries keep "
            "the name, so change it before the first one is posted.",
            file=sys.stderr,
        )


def _report(app: str, deploys: bool) -> str:
    variable = f"{app.upper()}_DATABASE_URL"
    deployment = (
        f"{DEPLOYMENT} now reads {variable} from the secret of that name."
        if deploys
        else f"Set {variable} where your deployments migrate: {DEPLOYMENT} has no such step."
    )
    return f"""The app {app} is written:

  src/python/apps/{app}       its operations, ledger and service
  alembic/{app}               its migrations
  tests/apps/{app}            its tests
  docs/openapi/{app}.json     its OpenAPI document
  docs/operations/{app}.json  its operations, with their amounts and limits

{deployment}

  test it  ./pants lint check test src/python/apps/{app}:: alembic/{app}:: tests/apps/{app}::
  run it   ./pants run src/python/apps/{app}:service

Amounts per unit and limits are declared in src/python/apps/{app}/ledger.py: see README.md."""


def _report_of_lock(app: str) -> str:
    folder = f"3rdparty/python/{app}"
    return f"""
It has a lock file of its own, with the same versions as the other apps until you change them:

  {folder}.pins   the versions that it needs
  {folder}.txt    the packages that only this app uses
  {folder}.lock   written from these by scripts/lock {app}"""
