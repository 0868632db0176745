"""Checks an app's migrations on a PostgreSQL of their own: the linter `migration-check`.

Amounts are not compared: an entry stores the amount that it was posted with, and the database
knows no others.
"""

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from core.migrations import revisions
from core.ledgers.errors import LedgerError
from core.ledgers.ledger import Ledger
from core.ledgers.models import OPERATION_TYPE
from core.ledgers.operations import BaseLedgerOperation
from core.migration_check import catalog
from core.testing.databases import Databases, execute, throwaway_server

# What lies beside an app's schema in a shared database, and must stay as it is.
_NEIGHBOUR = """
    CREATE SCHEMA neighbour;
    CREATE TYPE neighbour.ledger_operation AS ENUM ('CREDIT_ADD');
    CREATE TABLE neighbour.ledger_entry (operation neighbour.ledger_operation);
    INSERT INTO neighbour.ledger_entry VALUES ('CREDIT_ADD');
"""

_SHOWN = 5  # of the objects that a wrong migration touches
_REVISION = 'revision --autogenerate -m "what it changes"'


class MigrationCheck:
    """The checks of one app; each yields what is wrong."""

    def __init__(self, ledger: Ledger[Any], ini: str, databases: Databases) -> None:
        self._app = ledger.name
        self._ledger = ledger
        self._ini = ini
        self._url = databases.empty()
        execute(self._url, _NEIGHBOUR)

    def problems(self) -> list[str]:
        """What is wrong; a check that others rest on ends them."""
        try:
            for check in (self._heads, self._upgrade, self._models, self._operations, self._down):
                found = list(check())
                if found:
                    return found
        except (CommandError, LedgerError) as error:
            return [str(error)]
        return []

    def _heads(self) -> Iterator[str]:
        heads = ScriptDirectory.from_config(self._config()).get_heads()
        if not heads:
            yield f"there is no revision: ./pants migrate alembic/{self._app}:: -- {_REVISION}"
        if len(heads) > 1:
            yield (
                f"more than one head: {', '.join(heads)}. Order them, or merge them: "
                f'./pants migrate alembic/{self._app}:: -- merge heads -m "merge"'
            )

    def _upgrade(self) -> Iterator[str]:
        before = self._outside()
        self._alembic(command.upgrade, "head")
        yield from self._touched(before, "upgrade")

    def _models(self) -> Iterator[str]:
        try:
            self._alembic(command.check)
        except CommandError as error:
            yield (
                f"the models are not what the migrations make. {error}. "
                f"Write the revision: ./pants migrate alembic/{self._app}:: -- {_REVISION}"
            )

    def _operations(self) -> Iterator[str]:
        [(stored,)] = execute(
            self._url, f'SELECT enum_range(NULL::"{self._app}".{OPERATION_TYPE})::text[]'
        )
        operations: type[BaseLedgerOperation] = self._ledger.operations
        in_code = {operation.value for operation in operations}
        if set(stored) != in_code:
            yield (
                f"the operations differ: only in the database {sorted(set(stored) - in_code)}, "
                f"only in the code {sorted(in_code - set(stored))}"
            )

    def _down(self) -> Iterator[str]:
        at_head, before = self._inside(), self._outside()
        self._alembic(command.downgrade, "base")
        # Alembic's own table stays, and so does the schema that it is in.
        left = {name for name in self._inside() if "alembic_version" not in name}
        left -= {f"schema {self._app}"}
        yield from self._touched(before, "downgrade")
        if left:  # up again would only stumble over it
            yield f"downgrade leaves {_some(left)}"
            return
        self._alembic(command.upgrade, "head")
        different = at_head ^ self._inside()
        if different:
            yield f"down and up again differs in {_some(different)}"

    def _touched(self, before: dict[str, str], step: str) -> Iterator[str]:
        changed = {name for name, _ in before.items() ^ self._outside().items()}
        if changed:
            yield f"{step} touches what is not in the schema {self._app!r}: {_some(changed)}"

    def _inside(self) -> set[str]:
        return catalog.inside(self._url, self._app)

    def _outside(self) -> dict[str, str]:
        # The neighbour's rows are not in the catalog.
        rows = execute(self._url, "SELECT xmin::text FROM neighbour.ledger_entry")
        return catalog.outside(self._url, self._app) | {"entries of a neighbour": str(rows)}

    def _alembic(self, run: Callable[..., Any], *arguments: str) -> None:
        run(self._config(), *arguments)

    def _config(self) -> Config:
        config = revisions.config(self._app, self._url, self._ini)
        config.stdout = io.StringIO()  # what Alembic says when all is well
        return config


def _some(names: set[str]) -> str:
    shown = ", ".join(sorted(names)[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


def main(ini: str, ledger: str) -> None:
    """Exits with what is wrong with the migrations of `ledger`, a `module:attribute`."""
    module, _, attribute = ledger.partition(":")
    loaded: Ledger[Any] = getattr(import_module(module), attribute)
    with contextlib.redirect_stdout(sys.stderr), throwaway_server() as databases:
        problems = MigrationCheck(loaded, ini, databases).problems()
    if problems:
        sys.exit("\n".join(f"{loaded.name}: {problem}" for problem in problems))


if __name__ == "__main__":
    main(*sys.argv[1:])
