"""Tests what the goal `migrate` runs, in which order, and with which exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from pants.engine.addresses import Address
from pants.engine.env_vars import CompleteEnvironmentVars
from pants.engine.process import InteractiveProcess, InteractiveProcessResult
from pants.engine.target import Targets
from pants.testutil.option_util import create_goal_subsystem
from pants.testutil.rule_runner import (
    GoalRuleResult,
    MockEffect,
    MockGet,
    RuleRunner,
    mock_console,
    run_rule_with_mocks,
)

from alembic_migrations import migrate_goal
from alembic_migrations.migrate_goal import Migrate, MigrateSubsystem, MigrationRun
from alembic_migrations.workspace_for_tests import INHERITED, OPTIONS, rule_runner

URL = {"DATABASE_URL": "postgresql://shared"}


@pytest.fixture
def runner() -> RuleRunner:
    return rule_runner()


def migrate(runner: RuleRunner, *arguments: str, **environment: str) -> GoalRuleResult:
    return runner.run_goal_rule(
        Migrate, args=arguments, global_args=OPTIONS, env=environment, env_inherit=INHERITED
    )


def test_nothing_selected_is_success(runner: RuleRunner) -> None:
    done = migrate(runner, "src/python::")
    assert (done.exit_code, done.stderr) == (0, "No migrations are selected.\n")


def test_without_a_database_nothing_is_run(runner: RuleRunner) -> None:
    done = migrate(runner, "::", SHOP_DATABASE_URL="postgresql://shop")
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "tools: No database is given: set TOOLS_DATABASE_URL or DATABASE_URL. For the embedded "
        "database of this clone, run: ./pants run src/python/apps/tools:service -- migrate",
        "Nothing was run.",
    ]


@pytest.mark.parametrize("variable", ["SHOP_DATABASE_URL", "DATABASE_URL"])
def test_an_empty_variable_is_no_database(runner: RuleRunner, variable: str) -> None:
    done = migrate(runner, "alembic/shop::", **{variable: ""})
    assert (done.exit_code, "shop: No database is given" in done.stderr) == (1, True)


@pytest.mark.parametrize("variable", ["DATABASE_URL", "DATABASE_URL_FILE", "SECRETS_DIR"])
def test_the_database_may_be_in_a_file(runner: RuleRunner, variable: str) -> None:
    assert run(runner, environment={variable: "/run/secrets"})[0] == 0
    shop = {f"SHOP_{variable}": "/run/secrets"}
    exit_code, ran, stderr = run(runner, environment=shop)
    assert (exit_code, ran) == (1, [])
    assert "tools: No database" in stderr and "shop: No database" not in stderr


def run(
    runner: RuleRunner,
    *arguments: str,
    dry_run: bool = False,
    plan: bool = False,
    or_newer: bool = False,
    exit_codes: Mapping[str, int] = {},
    environment: Mapping[str, str] = URL,
) -> tuple[int, Sequence[str], str]:
    """Migrates shop and tools; returns the exit code, the commands that ran, and the output."""
    ran = []

    def prepare(request: MigrationRun) -> InteractiveProcess:
        words = ("plan",) if request.plan else request.arguments
        argv = (request.migrations.app, *words)
        return InteractiveProcess(argv=argv, env={}, run_in_workspace=True)

    def execute(process: InteractiveProcess) -> InteractiveProcessResult:
        ran.append(" ".join(process.process.argv))
        return InteractiveProcessResult(exit_codes.get(process.process.argv[0], 0))

    apps = [runner.get_target(Address(f"alembic/{app}")) for app in ("tools", "shop")]
    with mock_console(runner.options_bootstrapper) as (console, output):
        result = run_rule_with_mocks(
            migrate_goal.migrate,
            rule_args=[
                Targets(apps),
                create_goal_subsystem(
                    MigrateSubsystem,
                    args=arguments,
                    dry_run=dry_run,
                    plan=plan,
                    or_newer=or_newer,
                ),
                console,
                CompleteEnvironmentVars(environment),
                None,
            ],
            mock_gets=[
                MockGet(InteractiveProcess, (MigrationRun,), prepare),
                MockEffect(InteractiveProcessResult, (InteractiveProcess,), execute),
            ],
        )
        return result.exit_code, ran, output.get_stderr()


def test_upgrades_every_app_in_order(runner: RuleRunner) -> None:
    exit_code, ran, stderr = run(runner)
    assert (exit_code, ran) == (0, ["shop upgrade head", "tools upgrade head"])
    assert "shop: upgrade head succeeded" in stderr and "tools: upgrade head succeeded" in stderr


def test_one_apps_failure_does_not_hide_the_others(runner: RuleRunner) -> None:
    exit_code, ran, stderr = run(runner, "downgrade", "-1", exit_codes={"shop": 3})
    assert (exit_code, ran) == (3, ["shop downgrade -1", "tools downgrade -1"])
    assert "shop: downgrade -1 failed (exit code 3)" in stderr
    assert "tools: downgrade -1 succeeded" in stderr


def test_a_dry_run_prints_sql_and_needs_no_database(runner: RuleRunner) -> None:
    exit_code, ran, _ = run(runner, dry_run=True, environment={})
    assert (exit_code, ran) == (0, ["shop upgrade head --sql", "tools upgrade head --sql"])


def test_a_plan_is_made_of_every_app(runner: RuleRunner) -> None:
    exit_code, ran, stderr = run(runner, plan=True)
    assert (exit_code, ran) == (0, ["shop plan", "tools plan"])
    assert "shop: plan succeeded" in stderr
    exit_code, ran, stderr = run(runner, plan=True, environment={})
    assert (exit_code, ran) == (1, []) and "shop: No database is given" in stderr


@pytest.mark.parametrize("more", [{"dry_run": True}, {"or_newer": True}])
def test_a_plan_is_about_upgrades_only(runner: RuleRunner, more: Mapping[str, bool]) -> None:
    for exit_code, ran, stderr in (run(runner, "heads", plan=True), run(runner, plan=True, **more)):
        assert (exit_code, ran) == (1, []) and "give no other option" in stderr


def test_a_database_of_newer_code_can_be_accepted(runner: RuleRunner) -> None:
    exit_code, ran, _ = run(runner, or_newer=True)
    assert (exit_code, ran) == (
        0,
        ["shop --or-newer upgrade head", "tools --or-newer upgrade head"],
    )
    assert run(runner, or_newer=True, environment={})[0] == 1


@pytest.mark.parametrize("arguments", [["heads"], ["merge", "heads"], ["revision", "-m", "x"]])
def test_a_command_on_files_needs_no_database(runner: RuleRunner, arguments: list[str]) -> None:
    assert run(runner, *arguments, environment={})[0] == 0


def test_autogenerate_needs_a_database(runner: RuleRunner) -> None:
    arguments = ("revision", "--autogenerate", "-m", "add a gift")
    exit_code, ran, stderr = run(runner, *arguments, environment={})
    assert (exit_code, ran) == (1, [])
    assert "shop:service -- migrate revision --autogenerate -m 'add a gift'\n" in stderr
