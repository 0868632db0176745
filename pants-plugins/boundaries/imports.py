"""Finds what a file imports by what its code says, whatever its comments and its target say."""

from __future__ import annotations

from dataclasses import dataclass

from pants.backend.python.dependency_inference.default_unowned_dependencies import (
    DEFAULT_UNOWNED_DEPENDENCIES,
)
from pants.backend.python.dependency_inference.module_mapper import (
    PythonModuleOwners,
    PythonModuleOwnersRequest,
)
from pants.backend.python.subsystems.setup import PythonSetup
from pants.backend.python.target_types import PythonResolveField, PythonSourceField
from pants.core.util_rules.source_files import SourceFilesRequest
from pants.core.util_rules.stripped_source_files import StrippedSourceFiles
from pants.engine.addresses import Address
from pants.engine.collection import Collection
from pants.engine.fs import CreateDigest, Digest, DigestContents, FileContent
from pants.engine.internals.native_dep_inference import NativeParsedPythonDependencies
from pants.engine.rules import Get, MultiGet, collect_rules, rule

# Pants does not see an import on a line with the comment `pants: no-infer-dep`.
_PRAGMA = b"no-infer-dep"


@dataclass(frozen=True)
class Import:
    line: int
    verb: str  # imports or, in a string, names
    module: str
    providers: tuple[Address, ...]  # the targets that have the module; empty if none has
    elsewhere: tuple[Address, ...]  # if none has, those that have it in another lock


class Imports(Collection[Import]):
    """All imports of a file, except those of the standard library."""


@dataclass(frozen=True)
class ImportsRequest:
    source: PythonSourceField
    resolve: PythonResolveField


@rule(desc="Find the imports of a file")
async def imports_of(request: ImportsRequest, python_setup: PythonSetup) -> Imports:
    stripped = await Get(StrippedSourceFiles, SourceFilesRequest([request.source]))
    [file] = await Get(DigestContents, Digest, stripped.snapshot.digest)
    everything_seen = FileContent(file.path, file.content.replace(_PRAGMA, b""))
    digest = await Get(Digest, CreateDigest([everything_seen]))
    parsed = await Get(NativeParsedPythonDependencies, Digest, digest)
    resolve = request.resolve.normalized_value(python_setup)
    # A string with the name of a module may be an argument of importlib.import_module.
    modules = {
        **{
            text: ("names", line, True)
            for text, line in parsed.string_candidates.items()
            if "." in text and all(part.isidentifier() for part in text.split("."))
        },
        **{name: ("imports", line, optional) for name, (line, optional) in parsed.imports.items()},
    }
    owners = await MultiGet(
        Get(PythonModuleOwners, PythonModuleOwnersRequest(module, resolve)) for module in modules
    )
    found, missing = [], []
    for (module, (verb, line, optional)), owner in zip(modules.items(), owners):
        providers = owner.unambiguous or owner.ambiguous
        external = module.partition(".")[0] in DEFAULT_UNOWNED_DEPENDENCIES or optional
        if providers:
            found.append(Import(line, verb, module, tuple(providers), elsewhere=()))
        elif not external:
            missing.append((module, verb, line))
    in_other_locks = await MultiGet(
        Get(PythonModuleOwners, PythonModuleOwnersRequest(module, resolve=None))
        for module, _, _ in missing
    )
    for (module, verb, line), owner in zip(missing, in_other_locks):
        elsewhere = tuple(owner.unambiguous or owner.ambiguous)
        found.append(Import(line, verb, module, providers=(), elsewhere=elsewhere))
    return Imports(sorted(found, key=lambda each: (each.line, each.module)))


def rules():
    return collect_rules()
