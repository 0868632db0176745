"""A linter that reports every violation of the dependency rules in the BUILD files.

Pants itself applies the rules only in goals that need a target's dependencies, such as `check`,
`test` and `package`; it stops at the first violation; and it believes a comment or a BUILD file
that hides an import.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pants.backend.python.target_types import PythonResolveField, PythonSourceField
from pants.core.goals.lint import LintResult, LintTargetsRequest
from pants.core.util_rules.partitions import PartitionerType
from pants.engine.addresses import Addresses
from pants.engine.internals.dep_rules import DependencyRuleActionDeniedError
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.engine.target import Dependencies, DependenciesRequest, FieldSet, Targets
from pants.option.option_types import SkipOption, StrListOption
from pants.option.subsystem import Subsystem

from boundaries import forbidden, imports
from boundaries.forbidden import Forbidden, ForbiddenRequest
from boundaries.imports import Imports, ImportsRequest


class Boundaries(Subsystem):
    options_scope = "boundaries"
    name = "boundaries"
    help = "Checks that imports follow the dependency rules in the BUILD files."
    skip = SkipOption("lint")
    exceptions = StrListOption(
        help="Imports that the rules forbid and that are allowed all the same, each as it is "
        "reported but for the line, for example `src/python/core/x.py imports apps.y.z`."
    )


@dataclass(frozen=True)
class BoundariesFieldSet(FieldSet):
    required_fields = (Dependencies,)
    dependencies: Dependencies


class BoundariesRequest(LintTargetsRequest):
    field_set_type = BoundariesFieldSet
    tool_subsystem = Boundaries
    partitioner_type = PartitionerType.DEFAULT_SINGLE_PARTITION


@rule(desc="Check dependency rules")
async def boundaries(
    request: BoundariesRequest.Batch[BoundariesFieldSet, Any], subsystem: Boundaries
) -> LintResult:
    targets = await Get(Targets, Addresses(each.address for each in request.elements))
    files = [target for target in targets if target.has_field(PythonSourceField)]
    found = await MultiGet(
        Get(Imports, ImportsRequest(file[PythonSourceField], file[PythonResolveField]))
        for file in files
    )
    problems = await MultiGet(
        Get(Forbidden, ForbiddenRequest(file.address, file[PythonSourceField].file_path, imported))
        for file, imported in zip(files, found)
    )
    violations = []
    reported = set()
    for file, problem in zip(files, problems):
        for forbidden_import, message in problem.messages:
            reported.add(file.address)
            if forbidden_import not in subsystem.exceptions:
                violations.append(message)
    for field_set in request.elements:  # one by one, as MultiGet would stop at the first violation
        if field_set.address in reported:
            continue
        try:
            await Get(Addresses, DependenciesRequest(field_set.dependencies))
        except DependencyRuleActionDeniedError as error:
            violations.append(str(error))
    return LintResult(
        exit_code=1 if violations else 0,
        stdout="\n".join(dict.fromkeys(violations)),  # once for a file that is in several locks
        stderr="",
        linter_name=Boundaries.options_scope,
        partition_description=None,
    )


def rules():
    return [*collect_rules(), *forbidden.rules(), *imports.rules(), *BoundariesRequest.rules()]
