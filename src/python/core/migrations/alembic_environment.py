"""The shared implementation of every app's `env.py`: runs Alembic on the app's schema."""

import logging
import sys
from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from core.ledgers.errors import ConfigurationError
from core.ledgers.ledger import Ledger
from core.ledgers.models import models_of
from core.ledgers.operations import OperationT
from core.migrations.autogenerate import is_of_ledger, write_operation_changes
from core.migrations.current_revisions import database_url
from core.migrations.deploy_lock import only_deployer
from core.migrations.refusals import explanation
from core.migrations.revisions import DATABASE_URL, create_schema, ids_in, version_table
from core.migrations.service_role import grants, require_role, service_role


def run_env(ledger: Ledger[OperationT]) -> None:
    """Runs the migrations that the current Alembic command selects, online or offline.

    Database and configuration errors are raised as CommandError, which Alembic prints without a
    traceback.
    """
    options: dict[str, Any] = {
        **version_table(ledger.name),
        "target_metadata": models_of(ledger).metadata,
        "include_schemas": True,
        "include_name": is_of_ledger(ledger),
        "compare_server_default": True,
        "transaction_per_migration": True,
        "process_revision_directives": write_operation_changes,
    }
    if context.is_offline_mode():
        _print_migrations(ledger.name, options)
        return
    if context.config.cmd_opts:  # run from the command line, so report progress
        logging.basicConfig(format="%(message)s")
        logging.getLogger("alembic.runtime.migration").setLevel(logging.INFO)
    known = ids_in(context.script)
    try:
        url = context.config.attributes.get(DATABASE_URL) or database_url(ledger.name)
        with only_deployer(ledger.name, url, known) as connection:
            context.configure(connection=connection, **options)
            role = service_role(ledger.name) if _changes_revision() else None
            if role is not None:
                require_role(connection, ledger.name, role)
                connection.commit()
            with context.begin_transaction():
                context.run_migrations()
            if role is not None:
                connection.execute(grants(ledger.name, role))
                connection.commit()
    except ConfigurationError as error:
        raise CommandError(str(error)) from error
    except DBAPIError as error:
        raise CommandError(explanation(ledger.name, error)) from error


def _print_migrations(app: str, options: dict[str, Any]) -> None:
    """Prints a script that does the same as the online run, whatever the reader's settings are."""
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(encoding="utf-8")
    context.configure(
        dialect_name="postgresql",
        dialect_opts={"paramstyle": "named"},  # the default would print %% for %
        literal_binds=True,
        **options,
    )
    context.execute("SET client_encoding = 'UTF8'")
    context.execute("SET standard_conforming_strings = on")
    dialect: Any = context.get_context().dialect
    dialect._backslash_escapes = False  # which SQLAlchemy sets only when it connects
    with context.begin_transaction():
        context.execute(create_schema(app))
        context.run_migrations()
        role = service_role(app)
        if role is not None:
            context.execute(grants(app, role))


def _changes_revision() -> bool:
    """Whether the command is an upgrade, a downgrade or the like, and no `check` or `current`."""
    return "destination_rev" in context.get_context().opts
