"""A minimal workspace with two apps, for the tests of this plugin."""

from __future__ import annotations

from pants.backend.python import target_types_rules
from pants.backend.python.dependency_inference import rules as inference
from pants.backend.python.target_types import PythonSourcesGeneratorTarget
from pants.core.target_types import ResourcesGeneratorTarget
from pants.core.target_types import rules as core_rules
from pants.engine.addresses import Addresses
from pants.engine.target import DependenciesRequest
from pants.testutil.rule_runner import QueryRule, RuleRunner

from alembic_migrations import register

# Pants uses these environment variables to find Python interpreters.
INHERITED = {"PATH", "PYENV_ROOT", "HOME"}
OPTIONS = ["--source-root-patterns=['/src/python', '/alembic']"]


def rule_runner() -> RuleRunner:
    runner = RuleRunner(
        rules=[
            *register.rules(),
            *target_types_rules.rules(),
            *inference.rules(),
            *core_rules(),
            QueryRule(Addresses, [DependenciesRequest]),
        ],
        target_types=[
            *register.target_types(),
            PythonSourcesGeneratorTarget,
            ResourcesGeneratorTarget,
        ],
    )
    runner.set_options(OPTIONS, env_inherit=INHERITED)
    runner.write_files(
        {
            **_app("shop"),
            **_app("tools"),
        }
    )
    return runner


def _app(name: str) -> dict[str, str]:
    return {
        f"src/python/apps/{name}/operations.py": "",
        f"src/python/apps/{name}/ledger.py": f"import apps.{name}.operations",
        f"src/python/apps/{name}/BUILD": "python_sources()",
        f"alembic/{name}/alembic.ini": "[alembic]",
        f"alembic/{name}/env.py": f"import apps.{name}.ledger",
        f"alembic/{name}/versions/first.py": "",
        f"alembic/{name}/BUILD": (
            "python_sources(name='scripts', sources=['**/*.py'])\n"
            "resources(name='config', sources=['alembic.ini'])\n"
            f"alembic_migrations(ledger='apps.{name}.ledger:LEDGER')\n"
        ),
    }
