"""Alembic's entry point for the sample's migrations."""

from core.migrations.alembic_environment import run_env
from sample.ledger import LEDGER

run_env(LEDGER)
