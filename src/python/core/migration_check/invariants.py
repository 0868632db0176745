"""The invariants of every app's migrations, checked by the linter `migration-check` and by tests.

Amounts are not checked, because the database only has those of the existing entries.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

from alembic import command
from alembic.util import CommandError
from pydantic import SecretStr

from core.ledgers.errors import LedgerError
from core.ledgers.ledger import Ledger
from core.ledgers.models import models_of
from core.ledgers.requests import Batch, Post
from core.migration_check.app_migrations import NEIGHBOUR, Check, Migrations, connected
from core.migration_check.catalog import objects_inside, objects_outside
from core.migration_check.definition import definition_of
from core.migration_check.revision_files import revisions_have_files_of_their_own, there_is_one_head
from core.storage.store import LedgerStore

_SHOWN = 5  # the maximum number of objects in a message
_REVISION = 'revision --autogenerate -m "what it changes"'


def only_the_apps_schema_is_touched(migrations: Migrations) -> Iterator[str]:
    url = migrations.empty_database()
    with connected(url) as connection:
        connection.exec_driver_sql(NEIGHBOUR)
    before = _outside(url, migrations.app)
    for step, run, revision in (
        ("upgrade", command.upgrade, "head"),
        ("downgrade", command.downgrade, "base"),
    ):
        migrations.alembic(run, url, revision)
        changed = {name for name, _ in before.items() ^ _outside(url, migrations.app).items()}
        if changed:
            yield f"{step} changes objects outside the schema {migrations.app!r}: {_some(changed)}"


def autogenerate_finds_no_difference(migrations: Migrations) -> Iterator[str]:
    try:
        migrations.alembic(command.check, migrations.upgraded_database())
    except CommandError as error:
        yield (
            f"{_NOT_THE_MODELS}. {error}. "
            f"Create a revision: ./pants migrate alembic/{migrations.app}:: -- {_REVISION}"
        )


def the_schema_is_that_of_the_models(migrations: Migrations) -> Iterator[str]:
    built = _definition(migrations.upgraded_database(), migrations.app)
    yield from differences_from_models(migrations, built)


def differences_from_models(migrations: Migrations, built: set[str]) -> Iterator[str]:
    """Compares the definition of a schema with the schema that the models would create."""
    url = migrations.empty_database()
    with connected(url) as connection:
        connection.exec_driver_sql(f'CREATE SCHEMA "{migrations.app}"')
        models_of(migrations.ledger).metadata.create_all(connection)
    declared = _definition(url, migrations.app)
    if built != declared:
        yield (
            f"{_NOT_THE_MODELS}: only the migrations have {_some(built - declared)}; "
            f"only the models have {_some(declared - built)}. "
            "Autogenerate cannot detect this: write a revision by hand"
        )


def down_and_up_again_is_the_same(migrations: Migrations) -> Iterator[str]:
    url = migrations.upgraded_database()
    at_head, definition = _inside(url, migrations.app), _definition(url, migrations.app)
    migrations.alembic(command.downgrade, url, "base")
    # Alembic's version table remains, and so does the schema, which contains it.
    left = {name for name in _inside(url, migrations.app) if "alembic_version" not in name}
    left -= {f"schema {migrations.app}"}
    if left:  # these would make the second upgrade fail
        yield f"downgrade leaves {_some(left)}: drop what upgrade creates"
        return
    migrations.alembic(command.upgrade, url, "head")
    different = at_head ^ _inside(url, migrations.app)
    different |= definition ^ _definition(url, migrations.app)
    if different:
        yield f"the schema differs after a downgrade and a second upgrade: {_some(different)}"


def a_ledger_with_entries_is_not_dropped(migrations: Migrations) -> Iterator[str]:
    ledger = migrations.ledger
    url = migrations.upgraded_database()
    operation = max(ledger.amounts, key=lambda each: ledger.amounts[each])
    asyncio.run(_post(ledger, url, Post("ann", operation, "1")))
    try:
        migrations.alembic(command.downgrade, url, "base")
    except CommandError as error:
        if "entries exist that this migration drops. Keep the entries" not in str(error):
            raise
        with connected(url) as connection:
            rows = connection.exec_driver_sql(f'SELECT FROM "{ledger.name}".ledger_entry')
            if len(rows.all()) == 1:
                return
    yield (
        "downgrade drops a ledger with entries in it: call "
        f"operation_changes.refuse_if_entries_exist({migrations.app!r}) first"
    )


def offline_sql_is_the_same_migration(migrations: Migrations) -> Iterator[str]:
    online = _definition(migrations.upgraded_database(), migrations.app)
    url = migrations.empty_database()
    script = migrations.alembic(command.upgrade, url, "head", sql=True)
    with connected(url) as connection:
        connection.exec_driver_sql(script.replace("%", "%%"))
    offline = _definition(url, migrations.app)
    if online != offline:
        yield (
            "the SQL of `upgrade head --sql` creates a different schema than `upgrade head`: "
            f"{_some(online ^ offline)}"
        )
        return
    migrations.alembic(command.check, url)


async def _post(ledger: Ledger[Any], url: SecretStr, post: Post[Any]) -> None:
    store = LedgerStore(ledger, url)
    await store.post_batches([Batch((post,))])
    store.close()


CHECKS: tuple[Check, ...] = (
    there_is_one_head,
    revisions_have_files_of_their_own,
    only_the_apps_schema_is_touched,
    autogenerate_finds_no_difference,
    down_and_up_again_is_the_same,
    the_schema_is_that_of_the_models,
    a_ledger_with_entries_is_not_dropped,
    offline_sql_is_the_same_migration,
)
"""The checks in the order in which to run them: if one fails, later ones may fail because of it."""


def first_problems(migrations: Migrations) -> list[str]:
    """Returns the problems that the first failing check finds; empty if all checks pass."""
    try:
        for check in CHECKS:
            found = list(check(migrations))
            if found:
                return found
    except (CommandError, LedgerError) as error:
        return [str(error)]
    return []


_NOT_THE_MODELS = "the migrations do not create the schema of the models"


def _definition(url: SecretStr, schema: str) -> set[str]:
    with connected(url) as connection:
        return definition_of(connection, schema)


def _inside(url: SecretStr, schema: str) -> set[str]:
    with connected(url) as connection:
        return objects_inside(connection, schema)


def _outside(url: SecretStr, schema: str) -> dict[str, str]:
    with connected(url) as connection:
        # The system catalogs do not cover the neighbour's rows.
        rows = connection.exec_driver_sql("SELECT xmin::text FROM _neighbour.ledger_entry").all()
        return objects_outside(connection, schema) | {"entries of a neighbour": str(rows)}


def _some(names: set[str]) -> str:
    shown = ", ".join(sorted(names)[:_SHOWN]) or "nothing"
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown
