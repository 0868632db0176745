"""Completes the text of statements: with the names of a ledger's tables, and as prepared ones."""

import re

from sqlalchemy.dialects.postgresql import dialect

from core.ledgers.ledger import Ledger
from core.ledgers.models import OPERATION_TYPE, models_of
from core.ledgers.operations import OperationT
from core.ledgers.posting import MAX_BALANCE
from core.storage.session import Statement


def prepared(name: str, text: str, **types: str) -> Statement:
    """Returns a statement whose parameters have these `types`, in the order of $1, $2 and so on."""
    parameters = [f"%({parameter})s" for parameter in types]
    typed = [f"{parameter}::{type_}" for parameter, type_ in zip(parameters, types.values())]
    return Statement(
        re.sub(r"\$(\d+)", lambda number: typed[int(number[1]) - 1], text),
        prepare=f"PREPARE {name} ({', '.join(types.values())}) AS {text}",
        prepared=f"EXECUTE {name} ({', '.join(parameters)})",
    )


def names_of(ledger: Ledger[OperationT]) -> dict[str, str]:
    """Returns what to replace the names in braces by: columns, tables and the like, quoted."""
    models = models_of(ledger)
    tables = {
        name: models.metadata.tables[f"{ledger.name}.{model.__tablename__}"]
        for name, model in (
            ("entries", models.entry),
            ("balances", models.balance),
            ("uses", models.limit_use),
        )
    }
    quote = dialect().identifier_preparer  # type: ignore[no-untyped-call]  # SQLAlchemy's
    columns = [column.name for table in tables.values() for column in table.columns]
    return {
        **{name: quote.quote(name) for name in columns},
        **{name: quote.format_table(table) for name, table in tables.items()},
        "high_balance": str(MAX_BALANCE // 2),
        "operation_type": f"{quote.quote(ledger.name)}.{quote.quote(OPERATION_TYPE)}",
    }
