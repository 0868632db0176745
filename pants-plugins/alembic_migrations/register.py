"""Registers Alembic with Pants: the target `alembic_migrations`, the goal `migrate`, a linter."""

from __future__ import annotations

from alembic_migrations import check_linter, dependencies, migrate_goal, program
from alembic_migrations.target_type import AlembicMigrations


def target_types():
    return [AlembicMigrations]


def rules():
    return [
        *check_linter.rules(),
        *dependencies.rules(),
        *migrate_goal.rules(),
        *program.rules(),
    ]
