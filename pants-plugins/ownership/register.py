"""A linter that finds code that no target owns, which nothing would check, test or migrate.

Each message says which line is missing from which BUILD file.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pants.backend.python.target_types import PexBinary, PythonTestTarget
from pants.core.goals.lint import LintFilesRequest, LintResult
from pants.core.util_rules.partitions import PartitionerType, PartitionMetadata, Partitions
from pants.engine.rules import collect_rules, rule
from pants.engine.target import AllTargets, SingleSourceField, Target
from pants.option.option_types import SkipOption
from pants.option.subsystem import Subsystem

from alembic_migrations.target_type import AlembicMigrations

APPS, MIGRATIONS, TESTS = "src/python/apps", "alembic", "tests/apps"


class Ownership(Subsystem):
    options_scope = "ownership"
    name = "ownership"
    help = "Checks that every Python file has a target, and every app all of its targets."
    skip = SkipOption("lint")


class OwnershipRequest(LintFilesRequest):
    tool_subsystem = Ownership
    partitioner_type = PartitionerType.CUSTOM


@dataclass(frozen=True)
class Layout:
    """The types of the targets of the workspace."""

    of_file: Mapping[str, set[type[Target]]]
    of_folder: Mapping[str, set[type[Target]]]

    def problems(self, files: Iterable[str]) -> Iterator[str]:
        for file in files:
            owners = self.of_file.get(file, set())
            # scripts/test-plugins runs the tests of the plugins.
            is_test = file.endswith("_test.py") and not file.startswith("pants-plugins/")
            if not owners:
                yield f"{file}: no target owns it{self._add(file)}"
            elif is_test and PythonTestTarget not in owners:
                yield f"{file}: no python_tests target owns it, so it never runs{self._add(file)}"
        for app in sorted({app for app in map(app_of, files) if app}):
            for parent, kind in (
                (APPS, PexBinary),
                (MIGRATIONS, AlembicMigrations),
                (TESTS, PythonTestTarget),
            ):
                folder = f"{parent}/{app}"
                if kind not in self.of_folder.get(folder, ()):
                    yield f"{folder}: the app has no {kind.alias}: {line_for(folder)}"

    @staticmethod
    def _add(file: str) -> str:
        return f": {line_for(os.path.dirname(file), is_test=file.endswith('_test.py'))}"


def app_of(file: str) -> str | None:
    """Returns the app whose code, migrations or tests the file belongs to."""
    for parent in (APPS, MIGRATIONS, TESTS):
        if file.startswith(f"{parent}/"):
            app, separator, _ = file[len(parent) + 1 :].partition("/")
            return app if separator else None
    return None


def line_for(folder: str, *, is_test: bool = False) -> str:
    """Returns what to add to which BUILD file."""
    parent, app = os.path.split(folder)
    lines = {
        APPS: f'ledger_app("{app}")',
        MIGRATIONS: f'ledger_migrations("{app}")',
        TESTS: f'ledger_tests("{app}")',
    }
    line = lines.get(parent, "python_tests()" if is_test else "python_sources()")
    return f"add {line} to {folder}/BUILD"


@rule
async def partition(
    request: OwnershipRequest.PartitionRequest, subsystem: Ownership
) -> Partitions[str, PartitionMetadata]:
    files = (
        [] if subsystem.skip else [file for file in request.files if file.endswith((".py", ".pyi"))]
    )
    return Partitions.single_partition(sorted(files))


@rule(desc="Check that every file has a target")
async def ownership(
    request: OwnershipRequest.Batch[str, Any], all_targets: AllTargets
) -> LintResult:
    of_file, of_folder = defaultdict(set), defaultdict(set)
    for target in all_targets:
        of_folder[target.address.spec_path].add(type(target))
        if target.has_field(SingleSourceField) and target[SingleSourceField].value:
            of_file[target[SingleSourceField].file_path].add(type(target))
    problems = [*Layout(of_file, of_folder).problems(request.elements)]
    return LintResult(
        exit_code=1 if problems else 0,
        stdout="\n".join(problems),
        stderr="",
        linter_name=Ownership.options_scope,
        partition_description=None,
    )


def rules():
    return [*collect_rules(), *OwnershipRequest.rules()]
