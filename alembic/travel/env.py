"""Alembic's environment for the migrations of the travel app."""

from apps.travel.ledger import LEDGER
from core.migrations.alembic_environment import run_env

run_env(LEDGER)
