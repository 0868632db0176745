"""The sample's ledger over HTTP."""

from sample.ledger import LEDGER

from core.service.main import main

if __name__ == "__main__":
    main(LEDGER)
