"""Infers the dependencies of an app's migrations: their files and the app's ledger."""

from __future__ import annotations

from pants.backend.python.dependency_inference.module_mapper import (
    PythonModuleOwners,
    PythonModuleOwnersRequest,
)
from pants.backend.python.subsystems.setup import PythonSetup
from pants.engine.fs import PathGlobs
from pants.engine.internals.graph import Owners, OwnersRequest
from pants.engine.internals.native_engine import Snapshot
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.engine.target import (
    InferDependenciesRequest,
    InferredDependencies,
    InvalidFieldException,
)
from pants.engine.unions import UnionRule

from alembic_migrations.target_type import MigrationsFieldSet


class InferMigrationsDependencies(InferDependenciesRequest):
    infer_from = MigrationsFieldSet


@rule(desc="Infer the dependencies of Alembic migrations")
async def infer_dependencies(
    request: InferMigrationsDependencies, python_setup: PythonSetup
) -> InferredDependencies:
    migrations = request.field_set
    revisions, present = await MultiGet(
        Get(Snapshot, PathGlobs([migrations.revisions_glob])),
        Get(Snapshot, PathGlobs([migrations.ini_path, migrations.env_path])),
    )
    resolve = migrations.resolve.normalized_value(python_setup)
    ini, env, versions, ledger = await MultiGet(
        Get(Owners, OwnersRequest((migrations.ini_path,))),
        Get(Owners, OwnersRequest((migrations.env_path,))),
        Get(Owners, OwnersRequest(revisions.files)),
        Get(PythonModuleOwners, PythonModuleOwnersRequest(migrations.ledger_module, resolve)),
    )
    for field, found in (
        (migrations.ini, ini and migrations.ini_path in present.files),
        (migrations.env, env and migrations.env_path in present.files),
        (migrations.ledger, ledger.unambiguous),
    ):
        if not found:
            raise InvalidFieldException(
                f"{migrations.address}: no target provides {field.value!r}, the value of the field "
                f"`{field.alias}`. Create it, or correct the field"
            )
    # Depends on the target generators rather than on the generated targets, because a deleted
    # revision no longer has a target of its own.
    files = {owner.maybe_convert_to_target_generator() for owner in (*ini, *env, *versions)}
    return InferredDependencies([*sorted(files), *ledger.unambiguous])


def rules():
    return [*collect_rules(), UnionRule(InferDependenciesRequest, InferMigrationsDependencies)]
