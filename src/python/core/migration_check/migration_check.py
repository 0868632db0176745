"""The program that the linter `migration-check` runs for each app."""

import contextlib
import sys
from importlib import import_module
from typing import Any

from core.embedded.throwaway_server import throwaway_server
from core.ledgers.ledger import Ledger
from core.migration_check.app_migrations import Migrations
from core.migration_check.invariants import first_problems


def main(ini: str, ledger: str) -> None:
    """Checks the migrations of `ledger`, given as `module:attribute`; exits with any problems."""
    module, _, attribute = ledger.partition(":")
    loaded: Ledger[Any] = getattr(import_module(module), attribute)
    with contextlib.redirect_stdout(sys.stderr), throwaway_server() as server:
        problems = first_problems(Migrations(loaded, server, ini))
    if problems:
        sys.exit("\n".join(f"{loaded.name}: {problem}" for problem in problems))


if __name__ == "__main__":
    main(*sys.argv[1:])
