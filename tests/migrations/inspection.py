"""Queries that several tests of the migrations share."""

from pydantic import SecretStr

from core.testing.databases import execute


def schemas(url: SecretStr) -> set[str]:
    """The schemas of a database, except those that PostgreSQL creates."""
    system = "nspname LIKE 'pg\\_%%' OR nspname IN ('information_schema', 'public')"
    return {
        name for (name,) in execute(url, f"SELECT nspname FROM pg_namespace WHERE NOT ({system})")
    }
