"""Serves the content ledger over HTTP.

./pants run src/python/apps/content:service
"""

from apps.content.ledger import LEDGER
from core.cli.main import main

if __name__ == "__main__":
    main(LEDGER)
