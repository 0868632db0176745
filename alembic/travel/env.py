"""Alembic's entry to travel's migrations."""

from apps.travel.ledger import LEDGER
from core.database.migrations import run_env

run_env(LEDGER)
