"""Alembic's entry to travel's migrations."""

from apps.travel.ledger import LEDGER
from core.migrations.alembic_environment import run_env

run_env(LEDGER)
