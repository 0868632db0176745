"""Alembic's entry to travel's migrations."""

from apps.travel.ledger import LEDGER
from core.migrations.revisions import run_env

run_env(LEDGER)
