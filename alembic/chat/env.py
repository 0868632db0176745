"""Alembic's environment for the migrations of the chat app."""

from apps.chat.ledger import LEDGER
from core.migrations.alembic_environment import run_env

run_env(LEDGER)
