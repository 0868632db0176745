"""Registers Alembic with Pants: a target type, the goal `migrate`, a linter, app names."""

from __future__ import annotations

from pants.build_graph.build_file_aliases import BuildFileAliases

from alembic_migrations import check_linter, dependencies, migrate_goal, program
from alembic_migrations.app_names import checked_app_name
from alembic_migrations.target_type import AlembicMigrations


def build_file_aliases():
    return BuildFileAliases(objects={"checked_app_name": checked_app_name})


def target_types():
    return [AlembicMigrations]


def rules():
    return [
        *check_linter.rules(),
        *dependencies.rules(),
        *migrate_goal.rules(),
        *program.rules(),
    ]
