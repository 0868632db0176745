"""Tests what the goal `operations` prints, of real targets and their dependencies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pants.backend.project_info import dependents
from pants.backend.python import target_types_rules
from pants.backend.python.dependency_inference import rules as inference
from pants.backend.python.target_types import (
    PexBinary,
    PythonSourcesGeneratorTarget,
    PythonTestsGeneratorTarget,
)
from pants.core.target_types import FilesGeneratorTarget, ResourcesGeneratorTarget
from pants.core.target_types import rules as core_rules
from pants.engine.fs import Digest, DigestContents
from pants.engine.rules import Get, collect_rules, rule
from pants.testutil.rule_runner import GoalRuleResult, RuleRunner

from alembic_migrations import register as migrations
from ledger_operations import apps, operations_goal, posts
from ledger_operations.bindings import Request
from ledger_operations.find_uses import uses
from ledger_operations.operations_goal import OperationsGoal
from ledger_operations.search import Search, Uses

INHERITED = {"PATH", "PYENV_ROOT", "HOME"}
OPTIONS = [
    "--source-root-patterns=['/src/python', '/alembic', '/tests']",
    "--python-infer-use-rust-parser",
]
PUBLISH = """
from apps.shop.operations import ShopOperation as Op

def publish(kind):
    if kind == "sale":
        return Op.SALE
    return [Op["GIFT"], Op[kind]]
"""
ADDING = "from apps.shop.operations import ShopOperation\nShopOperation.CREDIT_ADD"


@rule
async def search_here(search: Search) -> Uses:
    """Runs in this process, because to find another Python, Pants would download a program.

    A check of the workspace has the real one.
    """
    contents = await Get(DigestContents, Digest, search.sources)
    texts = {content.path: content.content.decode() for content in contents}
    return Uses(uses(Request(**json.loads(search.request)), texts))


@pytest.fixture
def runner() -> RuleRunner:
    runner = RuleRunner(
        rules=[
            *core_rules(),
            *dependents.rules(),
            *inference.rules(),
            *migrations.rules(),
            *apps.rules(),
            *operations_goal.rules(),
            *posts.rules(),
            *collect_rules({"search_here": search_here}),
            *target_types_rules.rules(),
        ],
        target_types=[
            *migrations.target_types(),
            FilesGeneratorTarget,
            PexBinary,
            PythonSourcesGeneratorTarget,
            PythonTestsGeneratorTarget,
            ResourcesGeneratorTarget,
        ],
    )
    runner.set_options(OPTIONS, env_inherit=INHERITED)
    runner.write_files(
        {
            "docs/operations/BUILD": "files(name='documents', sources=['*'])",
            **app("shop", SALE=-5, GIFT=2),
            **app("tools", RENT=-1_000),
            "src/python/apps/shop/publish.py": PUBLISH,
            "tests/apps/shop/shop_test.py": ADDING,
            "tests/apps/shop/helper.py": ADDING,
            "tests/apps/shop/BUILD": "python_tests()\npython_sources(name='helpers')",
        }
    )
    return runner


def app(name: str, **amounts: int) -> dict[str, str]:
    members = "\n".join(f"    {each} = '{each}'" for each in ("CREDIT_ADD", *amounts))
    enum = f"{name.capitalize()}Operation"
    operations = [
        {"operation": each, "amount": amount, "per_unit": None, "limit": None}
        for each, amount in amounts.items()
    ]
    limit = {"count": 3, "per": "hour", "timezone": "Asia/Tokyo"}
    shared = {"operation": "CREDIT_ADD", "amount": 10, "per_unit": None, "limit": limit}
    app = f"src/python/apps/{name}"
    return {
        f"{app}/operations.py": f"class {enum}:\n{members}",
        f"{app}/ledger.py": f"from apps.{name}.operations import {enum}\n{enum}.CREDIT_ADD",
        f"{app}/service.py": f"import apps.{name}.ledger",
        f"{app}/BUILD": "python_sources()\npex_binary(name='pex', entry_point='service.py')",
        f"alembic/{name}/alembic.ini": "[alembic]",
        f"alembic/{name}/env.py": f"import apps.{name}.ledger",
        f"alembic/{name}/BUILD": (
            "python_sources(name='scripts', sources=['**/*.py'])\n"
            "resources(name='config', sources=['alembic.ini'])\n"
            f"alembic_migrations(ledger='apps.{name}.ledger:LEDGER')\n"
        ),
        f"docs/operations/{name}.json": json.dumps({"operations": [shared, *operations]}),
    }


def run(runner: RuleRunner, *arguments: str) -> GoalRuleResult:
    return runner.run_goal_rule(
        OperationsGoal, args=arguments, global_args=OPTIONS, env_inherit=INHERITED
    )


def printed(runner: RuleRunner, *arguments: str) -> list[str]:
    done = run(runner, *arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout.splitlines()


PUBLISHING = "src/python/apps/shop/publish.py"
CREDIT_ADD = "CREDIT_ADD 10, at most 3 an hour (Asia/Tokyo)"
UNRESOLVED = f'shop: ? ← {PUBLISHING}, line 7: return [Op["GIFT"], Op[kind]]'


def test_each_operation_has_its_amount_and_what_posts_it(runner: RuleRunner) -> None:
    assert printed(runner, "::") == [
        f"shop: {CREDIT_ADD}",
        f"shop: SALE −5 ← {PUBLISHING}",
        f"shop: GIFT 2 ← {PUBLISHING}",
        UNRESOLVED,
        f"tools: {CREDIT_ADD}",
        "tools: RENT −1,000",
    ]


@pytest.mark.parametrize(
    "target", ["src/python/apps/tools:", "alembic/tools", "docs/operations/tools.json:documents"]
)
def test_only_selected_apps_are_printed(runner: RuleRunner, target: str) -> None:
    assert printed(runner, target) == [f"tools: {CREDIT_ADD}", "tools: RENT −1,000"]


def test_nothing_selected_is_success(runner: RuleRunner) -> None:
    for options, what in ([], "apps"), (["--keys"], "pex_binary targets"):
        done = run(runner, *options, "tests/apps/shop::")
        assert (done.exit_code, done.stdout) == (0, "")
        assert done.stderr == f"No {what} are selected.\n"


def test_unused_operations_are_those_that_no_target_names(runner: RuleRunner) -> None:
    assert printed(runner, "--unused", "src/python/apps/shop::") == [
        f"shop: {CREDIT_ADD}",
        UNRESOLVED,
    ]


def test_keys_have_the_scopes_of_what_a_service_and_its_dependencies_name(
    runner: RuleRunner,
) -> None:
    assert printed(runner, "--keys", "::") == []  # no service imports it yet
    runner.write_files(
        {
            "src/python/apps/shop/service.py": "import apps.shop.publish",
            "src/python/tool.py": "from apps.shop.ledger import ShopOperation\nShopOperation.GIFT",
            "src/python/BUILD": "python_sources()\npex_binary(name='gifts', entry_point='tool.py')",
        }
    )
    make = "add the scope read if it reads. To make the key: ./pants run src/python/apps/shop:servi"
    unknown = "known only at run time, so it has no scope here: "
    lines = printed(runner, "--keys", "::")
    gifts, open_, pex, setting = lines
    assert gifts.startswith(f"# src/python:gifts: {make}")
    assert gifts.endswith("service -- keys new gifts --scope post:GIFT")
    assert open_ == f"# src/python/apps/shop:pex: {unknown}{UNRESOLVED[len('shop: ? ← ') :]}"
    assert pex.endswith(" keys new shop --scope post:SALE --scope post:GIFT")
    assert setting == (
        "SHOP_API_KEYS='gifts post:GIFT sha256:HASH; shop post:SALE,post:GIFT sha256:HASH'"
    )
    assert printed(runner, "--keys", "src/python:gifts")[1:] == [
        "SHOP_API_KEYS='gifts post:GIFT sha256:HASH'"
    ]


@pytest.mark.parametrize("text, problem", [(None, "does not exist"), ("<<<", "is malformed")])
def test_a_document_that_cannot_be_read_is_named(
    runner: RuleRunner, text: str | None, problem: str
) -> None:
    runner.write_files({"docs/operations/tools.json": text or ""})
    if text is None:
        Path(runner.build_root, "docs/operations/tools.json").unlink()
    done = run(runner, "::")
    assert (done.exit_code, done.stdout) == (1, "")
    command = "./pants run src/python/apps/tools:service -- documents"
    assert done.stderr == f"docs/operations/tools.json {problem}: write it with {command}\n"
