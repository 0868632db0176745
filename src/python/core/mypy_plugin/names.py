"""The fully qualified names of the library's definitions, as mypy refers to them."""

from typing import Final

from core.ledgers.amounts import per_unit
from core.ledgers.ledger import Ledger
from core.ledgers.limits import at_most, once_per
from core.ledgers.operations import BaseLedgerOperation, extend_enum
from core.ledgers.requests import Post
from core.ledgers.tables import per_operation

BASE: Final = f"{BaseLedgerOperation.__module__}.{BaseLedgerOperation.__name__}"
EXTEND_ENUM: Final = f"{extend_enum.__module__}.{extend_enum.__name__}"
LEDGER: Final = f"{Ledger.__module__}.{Ledger.__name__}"
PER_UNIT: Final = f"{per_unit.__module__}.{per_unit.__name__}"
LIMITS: Final = tuple(f"{limit.__module__}.{limit.__name__}" for limit in (at_most, once_per))
PER_OPERATION: Final = f"{per_operation.__module__}.{per_operation.__name__}"
REQUEST: Final = f"{LEDGER}.request"
POST: Final = f"{Post.__module__}.{Post.__name__}"
MYPY_PLUGIN: Final = f"{BaseLedgerOperation.__module__}.mypy_plugin"  # exists for mypy only
