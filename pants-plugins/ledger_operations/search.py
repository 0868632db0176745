"""Runs the program find_uses with the Python of the workspace's code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pants.backend.python.subsystems.setup import PythonSetup
from pants.backend.python.util_rules.interpreter_constraints import InterpreterConstraints
from pants.backend.python.util_rules.pex_environment import PythonExecutable
from pants.engine.collection import Collection
from pants.engine.fs import CreateDigest, Digest, FileContent, MergeDigests
from pants.engine.process import FallibleProcessResult, Process
from pants.engine.rules import Get, collect_rules, rule

from ledger_operations.bindings import Request
from ledger_operations.find_uses import Use


class UnreadableCode(Exception):
    """A file of the workspace cannot be parsed."""


class Uses(Collection[Use]):
    pass


@dataclass(frozen=True)
class Search:
    request: str  # a Request, as JSON
    sources: Digest

    @classmethod
    def of(cls, request: Request, sources: Digest) -> Search:
        return cls(json.dumps(request._asdict(), sort_keys=True), sources)


@rule
async def search(search: Search, python_setup: PythonSetup) -> Uses:
    here = Path(__file__)
    program = [
        FileContent(f"{here.parent.name}/{name}", here.with_name(name).read_bytes())
        for name in ("bindings.py", "find_uses.py")
    ]
    request = FileContent("request.json", search.request.encode())
    digest = await Get(Digest, CreateDigest([request, *program]))
    python = await Get(
        PythonExecutable, InterpreterConstraints(python_setup.interpreter_constraints)
    )
    result = await Get(
        FallibleProcessResult,
        Process(
            (python.path, "-m", "ledger_operations.find_uses"),
            input_digest=await Get(Digest, MergeDigests((digest, search.sources))),
            description="Find what names operations",
            append_only_caches=python.append_only_caches,
            immutable_input_digests=python.immutable_input_digests,
        ),
    )
    if result.exit_code:
        raise UnreadableCode(result.stderr.decode().strip())
    return Uses(Use(**each) for each in json.loads(result.stdout))


def rules():
    return collect_rules()
