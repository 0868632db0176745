"""Alembic's entry to the sample's migrations."""

from sample.ledger import LEDGER

from core.migrations.revisions import run_env

run_env(LEDGER)
