"""Alembic's entry to content's migrations."""

from apps.content.ledger import LEDGER
from core.migrations.alembic_environment import run_env

run_env(LEDGER)
