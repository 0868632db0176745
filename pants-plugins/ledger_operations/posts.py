"""Finds the targets whose code names the operations of apps, among the dependents of these apps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from pants.backend.project_info.dependents import Dependents, DependentsRequest
from pants.backend.python.target_types import (
    PythonSourceField,
    PythonTestTarget,
    PythonTestUtilsGeneratorTarget,
)
from pants.core.util_rules.source_files import SourceFiles, SourceFilesRequest
from pants.engine.addresses import Address, Addresses
from pants.engine.collection import Collection
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.engine.target import Target, Targets
from pants.source.source_root import SourceRootsRequest, SourceRootsResult

from ledger_operations.apps import Apps
from ledger_operations.bindings import Request
from ledger_operations.search import Search, Uses

# Code there does not post for owners.
_TESTS = ("tests/", "src/python/core/testing/")


@dataclass(frozen=True)
class NamedOperation:
    """A target's code names an operation of an app, or one that is known at run time only."""

    app: str
    operation: str | None
    address: Address
    line: int
    text: str  # of the line


class NamedOperations(Collection[NamedOperation]):
    pass


@dataclass(frozen=True)
class NamedOperationsRequest:
    apps: Apps


@rule(desc="Find the targets that name operations")
async def named_operations(request: NamedOperationsRequest) -> NamedOperations:
    declared = [address for app in request.apps for address in app.addresses]
    dependents = await Get(
        Dependents, DependentsRequest(declared, transitive=True, include_roots=True)
    )
    targets = await Get(Targets, Addresses(dependents))
    files = {target[PythonSourceField].file_path: target for target in targets if _may_post(target)}
    sources, roots = await MultiGet(
        Get(SourceFiles, SourceFilesRequest(each[PythonSourceField] for each in files.values())),
        Get(SourceRootsResult, SourceRootsRequest, SourceRootsRequest.for_files(files)),
    )
    modules = {
        file: _module(PurePath(file).relative_to(roots.path_to_root[PurePath(file)].path))
        for file in files
    }
    search = Search.of(
        Request({app.name: app.modules for app in request.apps}, modules), sources.snapshot.digest
    )
    uses = await Get(Uses, Search, search)
    return NamedOperations(
        NamedOperation(use.app, use.operation, files[use.file].address, use.line, use.text)
        for use in uses
    )


def _may_post(target: Target) -> bool:
    if not target.has_field(PythonSourceField) or isinstance(
        target, (PythonTestTarget, PythonTestUtilsGeneratorTarget)
    ):
        return False
    return not target[PythonSourceField].file_path.startswith(_TESTS)


def _module(path: PurePath) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def rules():
    return collect_rules()
