"""What the tests of the migrations look at in a database."""

from pydantic import SecretStr

from core.testing.databases import execute


def schemas(url: SecretStr) -> set[str]:
    """The schemas that are not PostgreSQL's own."""
    system = "nspname LIKE 'pg\\_%%' OR nspname IN ('information_schema', 'public')"
    return {
        name for (name,) in execute(url, f"SELECT nspname FROM pg_namespace WHERE NOT ({system})")
    }
