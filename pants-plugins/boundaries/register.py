"""A linter that reports every violation of the dependency rules in the BUILD files.

Pants itself applies the rules only in goals that need a target's dependencies, such as `check`,
`test` and `package`, and it stops at the first violation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pants.core.goals.lint import LintResult, LintTargetsRequest
from pants.core.util_rules.partitions import PartitionerType
from pants.engine.addresses import Addresses
from pants.engine.internals.dep_rules import DependencyRuleActionDeniedError
from pants.engine.rules import Get, collect_rules, rule
from pants.engine.target import Dependencies, DependenciesRequest, FieldSet
from pants.option.option_types import SkipOption
from pants.option.subsystem import Subsystem


class Boundaries(Subsystem):
    options_scope = "boundaries"
    name = "boundaries"
    help = "Checks that imports follow the dependency rules in the BUILD files."
    skip = SkipOption("lint")


@dataclass(frozen=True)
class BoundariesFieldSet(FieldSet):
    required_fields = (Dependencies,)
    dependencies: Dependencies


class BoundariesRequest(LintTargetsRequest):
    field_set_type = BoundariesFieldSet
    tool_subsystem = Boundaries
    partitioner_type = PartitionerType.DEFAULT_SINGLE_PARTITION


@rule(desc="Check dependency rules")
async def boundaries(request: BoundariesRequest.Batch[BoundariesFieldSet, Any]) -> LintResult:
    violations = []
    for field_set in request.elements:  # one by one, as MultiGet would stop at the first violation
        try:
            await Get(Addresses, DependenciesRequest(field_set.dependencies))
        except DependencyRuleActionDeniedError as error:
            violations.append(str(error))
    return LintResult(
        exit_code=1 if violations else 0,
        stdout="\n".join(violations),
        stderr="",
        linter_name=Boundaries.options_scope,
        partition_description=None,
    )


def rules():
    return [*collect_rules(), *BoundariesRequest.rules()]
