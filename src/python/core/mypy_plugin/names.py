"""The full names by which mypy knows the library's definitions, taken from the library."""

from typing import Final

from core.ledgers.ledger import Ledger
from core.ledgers.operations import BaseLedgerOperation, extend_enum

BASE: Final = f"{BaseLedgerOperation.__module__}.{BaseLedgerOperation.__name__}"
EXTEND_ENUM: Final = f"{extend_enum.__module__}.{extend_enum.__name__}"
LEDGER: Final = f"{Ledger.__module__}.{Ledger.__name__}"
