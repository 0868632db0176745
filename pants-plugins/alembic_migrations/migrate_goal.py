"""The goal `migrate`, which runs Alembic for each selected app, one after another."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pants.backend.python.util_rules.pex_environment import PexEnvironment
from pants.base.build_root import BuildRoot
from pants.engine.console import Console
from pants.engine.env_vars import CompleteEnvironmentVars
from pants.engine.fs import Workspace
from pants.engine.goal import Goal, GoalSubsystem
from pants.engine.process import InteractiveProcess, InteractiveProcessResult
from pants.engine.rules import Effect, Get, MultiGet, collect_rules, goal_rule, rule
from pants.engine.target import Targets
from pants.option.option_types import ArgsListOption, BoolOption
from pants.util.strutil import softwrap

from alembic_migrations.program import Program, ProgramRequest
from alembic_migrations.target_type import MigrationsFieldSet

_PROGRAM = "core.migrations.alembic_commands"
_PLAN = "core.migration_check.plan"
_UPGRADE = ("upgrade", "head")
# What core/settings reads the database's URL from.
_DATABASE = ("DATABASE_URL", "DATABASE_URL_FILE", "SECRETS_DIR")
_NEED_NO_DATABASE = ("branches", "heads", "history", "merge", "show")


@dataclass(frozen=True)
class MigrationRun:
    migrations: MigrationsFieldSet
    arguments: tuple[str, ...]
    plan: bool = False


class MigrateSubsystem(GoalSubsystem):
    name = "migrate"
    help = softwrap("""
        Run Alembic on the database of each selected app.

        The database of an app `content` is given by the environment variable
        CONTENT_DATABASE_URL or, if that is not set, DATABASE_URL. Either may be in a file: the
        README lists the settings. The default command is `upgrade head`. To run another Alembic
        command, write it after `--`, for example
        `migrate alembic/content:: -- revision --autogenerate -m 'add a bonus'`.
        """)
    args = ArgsListOption(example="downgrade -1", tool_name="Alembic", passthrough=True)
    dry_run = BoolOption(
        default=False,
        help="Print the SQL instead of running it. This needs no database. The SQL starts from an "
        "empty database; for another starting point, add `-- upgrade REVISION:head`.",
    )
    plan = BoolOption(
        default=False,
        help="Print which revisions `upgrade head` would run on the database, and which locks they "
        "take on tables in use, instead of running them.",
    )
    or_newer = BoolOption(
        default=False,
        help="Leave a database as it is if newer code has migrated it, as when a release is rolled "
        "back. Without this option, that is an error.",
    )


class Migrate(Goal):
    subsystem_cls = MigrateSubsystem
    environment_behavior = Goal.EnvironmentBehavior.LOCAL_ONLY


@goal_rule
async def migrate(
    targets: Targets,
    subsystem: MigrateSubsystem,
    console: Console,
    client_environment: CompleteEnvironmentVars,
    _: Workspace,  # marks this goal as having side effects, so that Pants does not cache it
) -> Migrate:
    selected = sorted(
        (MigrationsFieldSet.create(t) for t in targets if MigrationsFieldSet.is_applicable(t)),
        key=lambda migrations: migrations.address,
    )
    if not selected:
        console.print_stderr("No migrations are selected.")
        return Migrate(exit_code=0)
    if subsystem.plan and (subsystem.args or subsystem.dry_run or subsystem.or_newer):
        console.print_stderr(
            "--plan shows what `upgrade head` would run: give no other option and no command."
        )
        return Migrate(exit_code=1)
    arguments = tuple(subsystem.args) or _UPGRADE
    if subsystem.dry_run:
        arguments = (*arguments, "--sql")
    without = apps_without_database(selected, arguments, client_environment)
    if without:
        for app in without:
            console.print_stderr(no_database(app, subsystem.args))
        console.print_stderr("Nothing was run.")
        return Migrate(exit_code=1)
    if subsystem.or_newer:
        arguments = ("--or-newer", *arguments)
    # Prepare all apps before running any, so that a build failure cannot leave some unmigrated.
    processes = await MultiGet(
        Get(InteractiveProcess, MigrationRun(migrations, arguments, subsystem.plan))
        for migrations in selected
    )
    exit_codes = []
    for process in processes:
        result = await Effect(InteractiveProcessResult, InteractiveProcess, process)
        exit_codes.append(result.exit_code)
    for migrations, exit_code in zip(selected, exit_codes):
        sigil = console.sigil_failed() if exit_code else console.sigil_succeeded()
        outcome = f"failed (exit code {exit_code})" if exit_code else "succeeded"
        ran = "plan" if subsystem.plan else shlex.join(arguments)
        console.print_stderr(f"{sigil} {migrations.app}: {ran} {outcome}")
    return Migrate(exit_code=next(filter(None, exit_codes), 0))


def no_database(app: str, arguments: Iterable[str]) -> str:
    """Returns a message with both ways to run Alembic: on a given database, or the embedded one."""
    command = ["./pants", "run", f"src/python/apps/{app}:service", "--", "migrate", *arguments]
    return (
        f"{app}: No database is given: set {app.upper()}_DATABASE_URL or DATABASE_URL. For the "
        f"embedded database of this clone, run: {shlex.join(command)}"
    )


def apps_without_database(
    selected: Iterable[MigrationsFieldSet],
    arguments: tuple[str, ...],
    environment: Mapping[str, str],
) -> list[str]:
    """Returns the apps without a database URL in the environment, if the command needs one."""
    command = arguments[0]
    if "--sql" in arguments or command in _NEED_NO_DATABASE or command.startswith("-"):
        return []
    if command == "revision" and "--autogenerate" not in arguments:
        return []
    return [
        migrations.app
        for migrations in selected
        if not any(
            environment.get(f"{prefix}{variable}")
            for prefix in ("", f"{migrations.app.upper()}_")
            for variable in _DATABASE
        )
    ]


@rule(desc="Prepare to run migrations")
async def prepare_run(
    run: MigrationRun,
    pex_environment: PexEnvironment,
    client_environment: CompleteEnvironmentVars,
    build_root: BuildRoot,
) -> InteractiveProcess:
    module = _PLAN if run.plan else _PROGRAM
    program = await Get(Program, ProgramRequest(run.migrations, module=module, in_workspace=True))
    arguments = (
        (run.migrations.ini_path, run.migrations.ledger.value)
        if run.plan
        else (run.migrations.app, run.migrations.ini_path, *run.arguments)
    )
    environment = pex_environment.in_workspace()
    roots = (os.path.join(build_root.path, root) for root in program.source_roots)
    # Runs the workspace's own files rather than copies, because new revisions are written there.
    return InteractiveProcess(
        argv=(
            f"{{chroot}}/{program.pex.pex.argv0}",
            *arguments,
        ),
        env={
            **client_environment,
            **environment.environment_dict(python=program.python),
            "PEX_EXTRA_SYS_PATH": os.pathsep.join(roots),
        },
        input_digest=program.pex.digest,
        run_in_workspace=True,
        append_only_caches={
            **environment.append_only_caches,
            **(program.pex.append_only_caches or {}),
        },
    )


def rules():
    return collect_rules()
