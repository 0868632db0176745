"""Makes `alembic revision --autogenerate` write calls to operation_changes.py.

It looks at a ledger's own tables and type only, so a team can have others in the app's schema.
`alembic-postgresql-enum` detects the changes of an enum. The statements that it would write are
replaced, because they rewrite the entries of a live ledger and do not support offline mode.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import alembic_postgresql_enum
from alembic.autogenerate import comparators, renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import (
    CreateIndexOp,
    CreateTableOp,
    MigrateOperation,
    MigrationScript,
    OpContainer,
    UpgradeOps,
)
from alembic.util import DispatchPriority, PriorityDispatchResult
from alembic_postgresql_enum.operations.add_enum_values import AddEnumValuesOp
from alembic_postgresql_enum.operations.create_enum import CreateEnumOp
from alembic_postgresql_enum.operations.drop_enum import DropEnumOp
from alembic_postgresql_enum.operations.sync_enum_values import SyncEnumValuesOp
from sqlalchemy import MetaData, text

from core.ledgers.append_only import TABLES, TRIGGER
from core.ledgers.ledger import Ledger
from core.ledgers.models import HISTORY_INDEX, OPERATION_TYPE, models_of

_TRIGGERS = text("""
SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = to_regnamespace(quote_ident(:schema)) AND tgname = :name AND tgenabled <> 'D'
""")

alembic_postgresql_enum.set_configuration(
    alembic_postgresql_enum.Config(
        include_name=lambda name: name == OPERATION_TYPE,
        ignore_enum_values_order=True,  # which is irrelevant to a ledger
    )
)


def is_of_ledger(ledger: Ledger[Any]) -> Callable[[str | None, str, object], bool]:
    """Returns Alembic's option `include_name`, which selects what to compare with the models."""
    tables = {table.name for table in models_of(ledger).metadata.tables.values()}

    def is_included(name: str | None, kind: str, _: object) -> bool:
        match kind:
            case "schema":
                return name == ledger.name
            case "table":
                return name in tables
            case _:
                return True

    return is_included


def docstring_of(message: str, upgrades: str | None) -> str:
    """Returns the docstring of a new revision, which announces an exclusive lock on the entries.

    Each app's script.py.mako calls this. The migration check compares it with the real locks.
    """
    if "remove_operations(" not in (upgrades or ""):
        return message
    return f"""{message}

It takes ACCESS EXCLUSIVE on ledger_entry: posts, and reads of entries, wait until it has committed.
"""


@comparators.dispatch_for("autogenerate", priority=DispatchPriority.FIRST)
def _qualify_every_name(context: AutogenContext, _: UpgradeOps) -> PriorityDispatchResult:
    """Makes the result independent of the role's name and of its search path.

    PostgreSQL and SQLAlchemy omit the schema of what the search path finds, and Alembic then takes
    it for something else.
    """
    connection = context.connection
    assert connection is not None  # because autogenerate needs a database
    connection.exec_driver_sql("SET search_path = pg_catalog")
    connection.dialect.default_schema_name = "pg_catalog"
    return PriorityDispatchResult.CONTINUE


@comparators.dispatch_for("autogenerate", priority=DispatchPriority.LAST)
def _compare_triggers(context: AutogenContext, operations: UpgradeOps) -> PriorityDispatchResult:
    """Adds the triggers that make entries append-only, which Alembic does not compare."""
    connection, metadata = context.connection, context.metadata
    assert connection is not None and isinstance(metadata, MetaData) and metadata.schema
    found = connection.scalars(_TRIGGERS, {"schema": metadata.schema, "name": TRIGGER})
    if set(found) != set(TABLES):
        operations.ops.append(MakeAppendOnly(metadata.schema))
    return PriorityDispatchResult.CONTINUE


class OperationChange(MigrateOperation):
    """A call to one of the functions in operation_changes.py."""

    def __init__(self, function: str, *arguments: object) -> None:
        self.function = function
        self.arguments = arguments

    def to_diff_tuple(self) -> tuple[object, ...]:
        """Returns the representation that `alembic check` prints."""
        return (self.function, *self.arguments)


class MakeAppendOnly(OperationChange):
    """Is undone in a downgrade, before the tables are dropped."""

    def __init__(self, schema: str) -> None:
        super().__init__("make_append_only", schema)

    def reverse(self) -> OperationChange:
        return OperationChange("allow_changes", *self.arguments)


@renderers.dispatch_for(OperationChange)
def _render(context: AutogenContext, change: OperationChange) -> str:
    context.imports.add("from core.migrations import operation_changes")
    return f"operation_changes.{change.function}({', '.join(map(repr, change.arguments))})"


def write_operation_changes(_: object, __: object, scripts: list[MigrationScript]) -> None:
    """Implements Alembic's hook `process_revision_directives`."""
    for script in scripts:
        for container in (*script.upgrade_ops_list, *script.downgrade_ops_list):
            container.ops = list(_translated(container.ops))
        for up in script.upgrade_ops_list:
            _index_existing_entries(up)
        for up, down in zip(script.upgrade_ops_list, script.downgrade_ops_list):
            for schema in _schemas_of_new_ledgers(up):
                down.ops.insert(0, OperationChange("refuse_if_entries_exist", schema))


def _translated(operations: Iterable[Any]) -> Iterator[MigrateOperation]:
    for operation in operations:
        match operation:
            case CreateEnumOp():
                values = list(operation.enum_values)
                yield OperationChange("create_operations", operation.schema, values)
            case DropEnumOp():
                yield OperationChange("drop_operations", operation.schema)
            case AddEnumValuesOp() | SyncEnumValuesOp():
                old, new = operation.old_values, operation.new_values
                added = [value for value in new if value not in old]
                removed = [value for value in old if value not in new]
                if added:
                    yield OperationChange("add_operations", operation.schema, added)
                if removed:
                    yield OperationChange("remove_operations", operation.schema, removed)
            case _:
                yield operation


def _index_existing_entries(container: OpContainer) -> None:
    """Builds the index of an existing ledger first, and without locking its entries."""
    new = {*_schemas_of_new_ledgers(container)}
    for part in (container, *(op for op in container.ops if isinstance(op, OpContainer))):
        for operation in [*part.ops]:
            if (
                isinstance(operation, CreateIndexOp)
                and operation.index_name == HISTORY_INDEX
                and operation.schema not in new
            ):
                part.ops.remove(operation)
                change = OperationChange("create_history_index", operation.schema)
                container.ops.insert(0, change)


def _schemas_of_new_ledgers(container: OpContainer) -> Iterator[str]:
    for operation in container.ops:
        if isinstance(operation, CreateTableOp) and operation.table_name == "ledger_entry":
            yield str(operation.schema)
