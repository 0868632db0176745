"""Which database URLs are accepted."""

import pytest
from pydantic import SecretStr

from core.ledgers.errors import ConfigurationError
from core.storage.connections import connect


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+x"]
)
def test_every_postgresql_scheme_connects_with_psycopg2(scheme: str) -> None:
    engine = connect(SecretStr(f"{scheme}://me@somewhere/db"))
    assert engine.url.drivername == "postgresql+psycopg2"


@pytest.mark.parametrize("url", ["", "sqlite://", "mysql://x/y", "somewhere", "postgresqlite://"])
def test_a_url_of_another_database_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="must begin with postgresql://"):
        connect(SecretStr(url))
