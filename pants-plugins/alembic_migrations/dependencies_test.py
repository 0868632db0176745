"""Tests which dependencies are inferred for an app's migrations."""

from __future__ import annotations

import os

import pytest
from pants.engine.addresses import Address, Addresses
from pants.engine.internals.scheduler import ExecutionError
from pants.engine.target import Dependencies, DependenciesRequest
from pants.testutil.rule_runner import RuleRunner

from alembic_migrations.workspace_for_tests import rule_runner

INI, ENV, LEDGER = (
    "alembic/shop/alembic.ini:config",
    "alembic/shop/env.py:scripts",
    "src/python/apps/shop/ledger.py",
)
FIRST = "alembic/shop/versions/first.py:../scripts"


@pytest.fixture
def runner() -> RuleRunner:
    return rule_runner()


def dependencies(runner: RuleRunner, address: Address = Address("alembic/shop")) -> set[str]:
    field = runner.get_target(address).get(Dependencies)
    return {found.spec for found in runner.request(Addresses, [DependenciesRequest(field)])}


def test_the_migrations_depend_on_their_files_and_the_ledger(runner: RuleRunner) -> None:
    assert dependencies(runner) == {"alembic/shop:scripts", "alembic/shop:config", LEDGER}


def test_the_generators_have_every_file(runner: RuleRunner) -> None:
    assert dependencies(runner, Address("alembic/shop", target_name="scripts")) == {ENV, FIRST}
    assert dependencies(runner, Address("alembic/shop", target_name="config")) == {INI}


def test_an_app_without_a_first_revision_is_no_error(runner: RuleRunner) -> None:
    os.unlink(os.path.join(runner.build_root, "alembic/shop/versions/first.py"))
    assert dependencies(runner) == {"alembic/shop:scripts", "alembic/shop:config", LEDGER}


@pytest.mark.parametrize(
    "field, value", [("ini", "no.ini"), ("env", "no.py"), ("ledger", "apps.no.ledger:LEDGER")]
)
def test_what_a_field_names_must_exist(runner: RuleRunner, field: str, value: str) -> None:
    fields = {"ledger": "apps.shop.ledger:LEDGER", field: value}
    runner.write_files(
        {
            "alembic/shop/BUILD": (
                "python_sources(name='scripts', sources=['**/*.py'])\n"
                "resources(name='config', sources=['alembic.ini'])\n"
                f"alembic_migrations(**{fields!r})"
            )
        }
    )
    with pytest.raises(ExecutionError, match=f"no target provides '{value}', the value of"):
        dependencies(runner)
