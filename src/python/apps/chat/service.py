"""Serves the chat ledger over HTTP.

./pants run src/python/apps/chat:service
"""

from apps.chat.ledger import LEDGER
from core.cli.main import main

if __name__ == "__main__":
    main(LEDGER)
