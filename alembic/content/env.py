"""Alembic's environment for the migrations of the content app."""

from apps.content.ledger import LEDGER
from core.migrations.alembic_environment import run_env

run_env(LEDGER)
