"""What the tests of the migrations run them with, and see of a database."""

import sys
from pathlib import Path
from typing import Any

from alembic.config import Config

from core.ledgers.ledger import Ledger
from core.testing.databases import execute


def config(ledger: Ledger[Any], url: str) -> Config:
    for root in sys.path:
        if Path(root, ledger.name, "alembic.ini").exists():
            return Config(
                str(Path(root, ledger.name, "alembic.ini")), attributes={"database_url": url}
            )
    raise AssertionError(f"no migrations of {ledger.name}")


def objects(url: str, schema: str) -> set[str]:
    """Every table, sequence, index and type of a schema."""
    return {
        name
        for (name,) in execute(
            url,
            f"SELECT relkind::text || ' ' || relname FROM pg_class WHERE relnamespace = "
            f"to_regnamespace('{schema}') UNION SELECT 'type ' || typname FROM pg_type "
            f"WHERE typnamespace = to_regnamespace('{schema}') AND typtype = 'e'",
        )
    }


def schemas(url: str) -> set[str]:
    system = "nspname LIKE 'pg\\_%%' OR nspname IN ('information_schema', 'public')"
    return {
        name for (name,) in execute(url, f"SELECT nspname FROM pg_namespace WHERE NOT ({system})")
    }
