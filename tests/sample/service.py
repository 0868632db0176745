"""The service of the sample's ledger."""

from core.cli.main import main
from sample.ledger import LEDGER

if __name__ == "__main__":
    main(LEDGER)
