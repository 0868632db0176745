"""The program of `./pants migrate --plan`: what an upgrade would run, and what would wait for it.

It reads the revision of the configured database, and runs the revisions on a temporary one.
"""

import contextlib
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from alembic.util import CommandError

from core.embedded.throwaway_server import throwaway_server
from core.ledgers.errors import LedgerError
from core.ledgers.ledger import Ledger
from core.migration_check.app_migrations import Migrations
from core.migration_check.locks import ACCESS_EXCLUSIVE, RevisionLocks, locks_of_upgrade
from core.migrations import revisions
from core.migrations.current_revisions import current_revisions, database_url


def known_revisions(app: str, ini: str | None = None) -> tuple[str, ...]:
    """Returns the current revisions of the configured database.

    Raises CommandError if this code does not know them, or if the database cannot be read.
    """
    current = current_revisions(app, database_url(app))
    known = revisions.ids(app, ini)
    if unknown := sorted(set(current) - known):
        raise CommandError(
            f"The database is at revision {', '.join(unknown)}, which this code does not know: "
            "newer code has migrated it"
        )
    return current


def plan(migrations: Migrations, current: tuple[str, ...]) -> Iterator[str]:
    """Yields the lines of the plan for a database at the revisions `current`.

    Raises CommandError or LedgerError if an upgrade would fail on an empty ledger.
    """
    app = migrations.app
    planned = locks_of_upgrade(migrations, current)
    place = f"at revision {', '.join(current)}" if current else "empty"
    count = f"{len(planned)} revision{'s' * (len(planned) != 1)}" if planned else "nothing"
    yield f"{app}: the database is {place}: {count} would run"
    for revision in planned:
        yield f"  {revision.revision} {revision.docstring.strip().partition(chr(10))[0]}"
        yield from (f"    {line}" for line in _locks(revision))


def _locks(revision: RevisionLocks) -> Iterator[str]:
    if not revision.locks:
        yield "takes no lock that posts or reads wait for"
    for table, mode in sorted(revision.locks.items()):
        waiting = "posts and reads wait" if mode == ACCESS_EXCLUSIVE else "posts wait"
        yield f"takes {mode} on {table}: {waiting} until it has committed"


def main(ini: str, ledger: str) -> None:
    """Prints the plan of `ledger`, given as `module:attribute`."""
    module, _, attribute = ledger.partition(":")
    loaded: Ledger[Any] = getattr(import_module(module), attribute)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            current = known_revisions(loaded.name, ini)
            with throwaway_server() as server:
                lines = list(plan(Migrations(loaded, server, ini), current))
    except (CommandError, LedgerError) as error:
        sys.exit(f"{loaded.name}: {error}")
    print("\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
