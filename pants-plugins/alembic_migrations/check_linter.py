"""The linter `migration-check`, which runs each app's migrations on a temporary database."""

from __future__ import annotations

import os
from typing import Any

from pants.backend.python.util_rules.pex import VenvPexProcess
from pants.core.goals.lint import LintResult, LintTargetsRequest
from pants.core.util_rules.partitions import PartitionerType
from pants.engine.process import FallibleProcessResult
from pants.engine.rules import Get, collect_rules, rule
from pants.option.option_types import SkipOption
from pants.option.subsystem import Subsystem

from alembic_migrations.program import Program, ProgramRequest
from alembic_migrations.target_type import MigrationsFieldSet

_PROGRAM = "core.migration_check.migration_check"


class MigrationCheck(Subsystem):
    options_scope = "migration-check"
    name = "migration-check"
    help = "Runs each app's migrations on an empty database and checks the resulting schema."
    skip = SkipOption("lint")


class MigrationCheckRequest(LintTargetsRequest):
    field_set_type = MigrationsFieldSet
    tool_subsystem = MigrationCheck
    # One process per app, so that Pants caches the result of each app separately.
    partitioner_type = PartitionerType.DEFAULT_ONE_PARTITION_PER_INPUT


@rule(desc="Check migrations")
async def check_migrations(
    request: MigrationCheckRequest.Batch[MigrationsFieldSet, Any],
) -> LintResult:
    (migrations,) = request.elements
    program = await Get(Program, ProgramRequest(migrations, module=_PROGRAM, in_workspace=False))
    result = await Get(
        FallibleProcessResult,
        VenvPexProcess(
            program.pex,
            argv=(migrations.ini_path, migrations.ledger.value),
            input_digest=program.sources,
            extra_env={"PEX_EXTRA_SYS_PATH": os.pathsep.join(program.source_roots)},
            description=f"Check the migrations of {migrations.app}",
        ),
    )
    return LintResult(
        exit_code=result.exit_code,
        stdout=result.stdout.decode(),
        stderr=result.stderr.decode(),
        linter_name=MigrationCheck.options_scope,
        partition_description=migrations.app,
    )


def rules():
    return [*collect_rules(), *MigrationCheckRequest.rules()]
