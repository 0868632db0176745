"""Builds a program from the workspace's own code that can run an app's migrations."""

from __future__ import annotations

from dataclasses import dataclass

from pants.backend.python.dependency_inference.module_mapper import (
    PythonModuleOwners,
    PythonModuleOwnersRequest,
)
from pants.backend.python.subsystems.setup import PythonSetup
from pants.backend.python.target_types import EntryPoint
from pants.backend.python.util_rules import pex_from_targets
from pants.backend.python.util_rules.interpreter_constraints import InterpreterConstraints
from pants.backend.python.util_rules.pex import PexRequest, VenvPex, VenvPexRequest
from pants.backend.python.util_rules.pex_environment import PexEnvironment, PythonExecutable
from pants.backend.python.util_rules.pex_from_targets import PexFromTargetsRequest
from pants.backend.python.util_rules.python_sources import (
    PythonSourceFiles,
    PythonSourceFilesRequest,
)
from pants.engine.addresses import Address
from pants.engine.fs import Digest
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.engine.target import TransitiveTargets, TransitiveTargetsRequest

from alembic_migrations.target_type import MigrationsFieldSet


class UnknownProgram(Exception):
    """The module that the goal or the linter should run has no unambiguous owner."""


@dataclass(frozen=True)
class ProgramRequest:
    migrations: MigrationsFieldSet
    module: str
    in_workspace: bool  # if false, in a sandbox


@dataclass(frozen=True)
class Program:
    pex: VenvPex  # with third-party code only
    python: PythonExecutable
    sources: Digest  # the migrations, and all first-party code that they and the program use
    source_roots: tuple[str, ...]


@rule(desc="Prepare a program that runs migrations")
async def prepare_program(
    request: ProgramRequest, pex_environment: PexEnvironment, python_setup: PythonSetup
) -> Program:
    # The migrations do not depend on the program, so look it up by its module name.
    resolve = request.migrations.resolve.normalized_value(python_setup)
    owners = await Get(PythonModuleOwners, PythonModuleOwnersRequest(request.module, resolve))
    if not owners.unambiguous:
        raise UnknownProgram(f"The module {request.module} must be owned by exactly one target")
    addresses: list[Address] = [request.migrations.address, *owners.unambiguous]
    closure = await Get(TransitiveTargets, TransitiveTargetsRequest(addresses))
    pex_request, sources = await MultiGet(
        Get(
            PexRequest,
            PexFromTargetsRequest(
                addresses,
                output_filename="migrations.pex",
                internal_only=True,
                include_source_files=False,
                main=EntryPoint(request.module),
                # Makes the PEX honor PEX_EXTRA_SYS_PATH, which contains the source roots.
                additional_args=("--no-strip-pex-env",),
            ),
        ),
        Get(PythonSourceFiles, PythonSourceFilesRequest(closure.closure, include_files=True)),
    )
    environment = (
        pex_environment.in_workspace()
        if request.in_workspace
        else pex_environment.in_sandbox(working_directory=None)
    )
    pex, python = await MultiGet(
        Get(VenvPex, VenvPexRequest(pex_request, environment)),
        Get(PythonExecutable, InterpreterConstraints, pex_request.interpreter_constraints),
    )
    return Program(pex, python, sources.source_files.snapshot.digest, tuple(sources.source_roots))


def rules():
    return [*collect_rules(), *pex_from_targets.rules()]
