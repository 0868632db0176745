"""A linter that applies the BUILD files' dependency rules to every target; reports all breaches.

Pants applies them only where a goal needs a target's dependencies (`check`, `test`, `package`;
not black or flake8), and stops at the first target that breaks one.
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
    help = "Checks that imports keep to the dependency rules in the BUILD files."
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
    breaches = []
    for field_set in request.elements:  # one by one: MultiGet would stop at the first breach
        try:
            await Get(Addresses, DependenciesRequest(field_set.dependencies))
        except DependencyRuleActionDeniedError as error:
            breaches.append(str(error))
    return LintResult(
        exit_code=1 if breaches else 0,
        stdout="\n".join(breaches),
        stderr="",
        linter_name=Boundaries.options_scope,
        partition_description=None,
    )


def rules():
    return [*collect_rules(), *BoundariesRequest.rules()]
