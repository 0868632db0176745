"""Finds the apps of the workspace, and those of them to which the selected targets belong."""

from __future__ import annotations

from dataclasses import dataclass

from pants.backend.python.dependency_inference.module_mapper import (
    PythonModuleOwners,
    PythonModuleOwnersRequest,
)
from pants.backend.python.subsystems.setup import PythonSetup
from pants.engine.addresses import Address
from pants.engine.collection import Collection
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.engine.target import AllTargets, Target

from alembic_migrations.target_type import MigrationsFieldSet
from ledger_operations.operation_documents import FOLDER


@dataclass(frozen=True)
class App:
    name: str
    folder: str
    migrations: str  # the folder of its migrations
    modules: tuple[str, str]  # of its operations and of its ledger
    addresses: tuple[Address, ...]  # of these modules

    @property
    def document(self) -> str:
        return f"{FOLDER}/{self.name}.json"

    def has(self, target: Target) -> bool:
        """Whether the target is a part of the app, other than its tests."""
        address = target.address
        folder = f"{address.spec_path}/"
        if address.is_file_target and address.filename == self.document:
            return True
        return folder.startswith((f"{self.folder}/", f"{self.migrations}/"))


class Apps(Collection[App]):
    """All apps, in the order of their names."""


@rule(desc="Find the apps")
async def find_apps(all_targets: AllTargets, python_setup: PythonSetup) -> Apps:
    declared = sorted(
        (MigrationsFieldSet.create(t) for t in all_targets if MigrationsFieldSet.is_applicable(t)),
        key=lambda migrations: migrations.app,
    )
    modules = [
        (f"{each.ledger_module.rpartition('.')[0]}.operations", each.ledger_module)
        for each in declared
    ]
    owners = await MultiGet(
        Get(
            PythonModuleOwners,
            PythonModuleOwnersRequest(module, each.resolve.normalized_value(python_setup)),
        )
        for each, pair in zip(declared, modules)
        for module in pair
    )
    apps = []
    for index, (migrations, pair) in enumerate(zip(declared, modules)):
        operations, ledger = owners[2 * index : 2 * index + 2]
        addresses = (*operations.unambiguous, *ledger.unambiguous)
        if ledger.unambiguous:
            folder = ledger.unambiguous[0].spec_path
            apps.append(App(migrations.app, folder, migrations.folder, pair, addresses))
    return Apps(apps)


def rules():
    return collect_rules()
