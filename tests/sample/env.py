"""Alembic's entry to the sample's migrations."""

from sample.ledger import LEDGER

from core.database.migrations import run_env

run_env(LEDGER)
