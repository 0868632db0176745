"""The sample's ledger over HTTP."""

from core.cli.main import main
from sample.ledger import LEDGER

if __name__ == "__main__":
    main(LEDGER)
