"""Serves the travel ledger over HTTP.

./pants run src/python/apps/travel:service
"""

from apps.travel.ledger import LEDGER
from core.cli.main import main

if __name__ == "__main__":
    main(LEDGER)
