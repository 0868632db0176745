"""The service of the sample's ledger with limits."""

from core.cli.main import main
from sample.limited_ledger import LIMITED_LEDGER

if __name__ == "__main__":
    main(LIMITED_LEDGER)
