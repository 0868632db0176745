"""Alembic's entry to content's migrations."""

from apps.content.ledger import LEDGER
from core.database.migrations import run_env

run_env(LEDGER)
