"""The fully qualified names of the library's definitions, as mypy refers to them."""

from typing import Final

from core.ledgers.ledger import Ledger
from core.ledgers.operations import BaseLedgerOperation, extend_enum

BASE: Final = f"{BaseLedgerOperation.__module__}.{BaseLedgerOperation.__name__}"
EXTEND_ENUM: Final = f"{extend_enum.__module__}.{extend_enum.__name__}"
LEDGER: Final = f"{Ledger.__module__}.{Ledger.__name__}"
